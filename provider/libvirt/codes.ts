// libvirt's error numbers (virErrorNumber) that the provider tells apart; every other number is just reported.
import { errorCodes } from "node-libvirt";

export const hostErrorCodes = {
  internalError: errorCodes.INTERNAL_ERROR,
  noSupport: errorCodes.NO_SUPPORT,
  invalidArgument: errorCodes.INVALID_ARG,
  operationFailed: errorCodes.OPERATION_FAILED,
  /** XML, but not what libvirt takes. */
  xmlError: errorCodes.XML_ERROR,
  /** The text is no XML at all. */
  xmlSyntax: errorCodes.XML_DETAIL,
  systemError: errorCodes.SYSTEM_ERROR,
  noDomain: errorCodes.NO_DOMAIN,
  authFailed: errorCodes.AUTH_FAILED,
  noPool: errorCodes.NO_STORAGE_POOL,
  noVolume: errorCodes.NO_STORAGE_VOL,
  noSecret: errorCodes.NO_SECRET,
  noNetwork: errorCodes.NO_NETWORK,
  /** The device of a pool that is to be built holds something already. */
  poolBuilt: errorCodes.STORAGE_POOL_BUILT,
  noSnapshot: errorCodes.NO_DOMAIN_SNAPSHOT,
  operationInvalid: errorCodes.OPERATION_INVALID,
  configUnsupported: errorCodes.CONFIG_UNSUPPORTED,
  operationTimeout: errorCodes.OPERATION_TIMEOUT,
  argumentUnsupported: errorCodes.ARGUMENT_UNSUPPORTED,
  operationUnsupported: errorCodes.OPERATION_UNSUPPORTED,
  agentUnresponsive: errorCodes.AGENT_UNRESPONSIVE,
  resourceBusy: errorCodes.RESOURCE_BUSY,
  accessDenied: errorCodes.ACCESS_DENIED,
  volumeExists: errorCodes.STORAGE_VOL_EXIST,
  deviceMissing: errorCodes.DEVICE_MISSING,
} as const satisfies Record<string, number>;
