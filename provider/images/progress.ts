// How far long work is -> a line for the user, not more often than can be read.

const intervalMs = 500;
const bytesPerMB = 1_000_000;

export const megabytes = (bytes: number): string => (bytes / bytesPerMB).toFixed(bytes < 10 * bytesPerMB ? 1 : 0);

/** "downloading debian-12.qcow2: 120 of 340 MB (35 %)"; without a known total: "…: 120 MB". */
export function progressLine(work: string, doneBytes: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined) return `${work}: ${megabytes(doneBytes)} MB`;
  const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes * 100) / totalBytes);
  return `${work}: ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB (${percent} %)`;
}

export type Progress = (doneBytes: number, totalBytes: number | undefined) => void;

/** `work`: "downloading debian-12.qcow2". Short work says nothing: the first line comes after one interval. */
export function reportProgress(work: string, status: (message: string) => void): Progress {
  let lastMs = Date.now();
  return (doneBytes, totalBytes) => {
    const nowMs = Date.now();
    if (nowMs - lastMs < intervalMs) return;
    lastMs = nowMs;
    status(progressLine(work, doneBytes, totalBytes));
  };
}
