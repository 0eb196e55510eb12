/** The public surface of node-libvirt. */
export { connect } from "./connection";
export type { CallOptions, Connection, ConnectOptions } from "./connection";
export { LibvirtArgumentError, LibvirtConnectionError, LibvirtError, LibvirtTimeoutError } from "./errors";
export type { ConnectionErrorReason } from "./errors";
export { errorCodes } from "./error-codes";
export { procedures } from "./procedures";
export type { ArgsOf, Lane, Procedure, ProcedureName, ResultOf } from "./procedures";
export type { EventMap, LifecycleEvent } from "./lifecycle-events";
export type { KeepAlive } from "./rpc-socket";
export type { ByteStream, OpenStream } from "./transports";
export type { ConnectionTarget } from "./uri";
export type { Domain, DomainCheckpoint, DomainSnapshot, Network, StoragePool, StorageVol, TypedParam } from "./wire-types";
export * from "./constants";
