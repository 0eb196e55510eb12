// Bytes of a fake image file: pages that hold data, and holes between them.

/** Bytes in a page: as much as an upload's smallest hole. */
const pageBytes = 64 * 1024;

export interface FakeContent {
  sizeBytes: number;
  /** By number; a page that is not there is a hole. */
  readonly pages: Map<number, Buffer>;
}

export const emptyContent = (sizeBytes: number): FakeContent => ({ sizeBytes, pages: new Map() });

export const copyContent = ({ sizeBytes, pages }: FakeContent): FakeContent => ({
  sizeBytes,
  pages: new Map([...pages].map(([number, page]) => [number, Buffer.from(page)])),
});

/** Bytes that take space. */
export const dataBytes = ({ pages }: FakeContent): number => pages.size * pageBytes;

export function writeAt(content: FakeContent, offsetBytes: number, data: Uint8Array): void {
  for (let done = 0; done < data.length;) {
    const at = offsetBytes + done;
    const [number, start] = [Math.floor(at / pageBytes), at % pageBytes];
    const count = Math.min(data.length - done, pageBytes - start);
    const page = content.pages.get(number) ?? Buffer.alloc(pageBytes);
    page.set(data.subarray(done, done + count), start);
    content.pages.set(number, page);
    done += count;
  }
  content.sizeBytes = Math.max(content.sizeBytes, offsetBytes + data.length);
}

/** Fewer than `lengthBytes` at the end. */
export function readAt(content: FakeContent, offsetBytes: number, lengthBytes: number): Buffer {
  const result = Buffer.alloc(Math.max(0, Math.min(lengthBytes, content.sizeBytes - offsetBytes)));
  for (let done = 0; done < result.length;) {
    const at = offsetBytes + done;
    const start = at % pageBytes;
    const count = Math.min(result.length - done, pageBytes - start);
    content.pages.get(Math.floor(at / pageBytes))?.copy(result, done, start, start + count);
    done += count;
  }
  return result;
}
