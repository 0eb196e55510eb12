// libvirt's error numbers (virErrorNumber) that the provider tells apart; every other number is just reported.
// https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/include/libvirt/virterror.h

export const hostErrorCodes = {
  internalError: 1,
  noSupport: 3,
  invalidArgument: 8,
  operationFailed: 9,
  xmlError: 27,
  systemError: 38,
  noDomain: 42,
  noPool: 49,
  noVolume: 50,
  operationInvalid: 55,
  configUnsupported: 67,
  operationTimeout: 68,
  argumentUnsupported: 74,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  volumeExists: 90,
  deviceMissing: 99,
} as const satisfies Record<string, number>;
