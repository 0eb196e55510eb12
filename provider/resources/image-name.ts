// Names of the volumes that images are kept in: they carry what the content is, so that it is uploaded once, and its format is never guessed again.

/** Hexadecimal digits of the content's sha256 that a name carries: 64 bits, which no two images share by chance. */
const digestDigits = 16;

/** "debian-12-0123456789abcdef.qcow2" */
export const imageVolumeName = (base: string, sha256: string, format: "raw" | "qcow2"): string =>
  `${base}-${sha256.slice(0, digestDigits)}.${format}`;

/** The format of an image that was uploaded under such a name, by its path or name. What lies in the file may look otherwise: a raw image can hold any bytes. */
export const uploadedFormat = (path: string): "raw" | "qcow2" | undefined =>
  /-[0-9a-f]{16}\.(raw|qcow2)$/.exec(path)?.[1] as "raw" | "qcow2" | undefined;
