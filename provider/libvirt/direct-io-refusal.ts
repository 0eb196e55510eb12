// The one text of QEMU that the provider matches: its refusal to open a file with O_DIRECT.

/**
 * QEMU >= 5.2 says "Could not open 'X': filesystem does not support O_DIRECT", earlier ones "file system may not support O_DIRECT".
 * @see https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/util/osdep.c#L360
 */
const refusal = /file ?system (?:does|may) not support O_DIRECT/;
const openedPath = /Could not open '([^']+)'/;

/** Whether libvirt's message is that refusal. */
export const isDirectIoRefusal = (message: string): boolean => refusal.test(message);

/** The path that could not be opened, where the message is that refusal. */
export const directIoRefusal = (message: string): string | undefined =>
  isDirectIoRefusal(message) ? openedPath.exec(message)?.[1] : undefined;
