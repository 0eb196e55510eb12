/** The public surface of node-libvirt. */
export { connect } from "./connection";
export type { CallOptions, Connection, ConnectOptions } from "./connection";
export { LibvirtArgumentError, LibvirtConnectionError, LibvirtError, LibvirtTimeoutError, LibvirtUploadError } from "./errors";
export type { ConnectionErrorReason } from "./errors";
export { errorCodes } from "./error-codes";
export { procedures } from "./procedures";
export type { ArgsOf, CallName, Lane, Procedure, ProcedureName, ResultOf, StreamName } from "./procedures";
export type { AgentEvent, DeviceEvent, EventMap, LifecycleEvent } from "./domain-events";
export type { KeepAlive } from "./rpc-socket";
export type { ByteStream, OpenStream } from "./transports";
export type { StreamPiece } from "./rpc-stream";
export type { ConnectionTarget } from "./uri";
export type { DownloadOptions, StreamOptions, UploadOptions } from "./volume-streams";
export type {
  Domain,
  DomainCheckpoint,
  DomainInterface,
  DomainSnapshot,
  Network,
  NetworkDhcpLease,
  Secret,
  StoragePool,
  StorageVol,
  TypedParam,
} from "./wire-types";
export * from "./constants";
