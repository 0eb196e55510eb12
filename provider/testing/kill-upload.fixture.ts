// A process of its own that uploads an image and is killed while it does: run by resources/image/image.live.test.ts. Arguments: URI, pool, source.
import type { ImagePiece, ImageSources } from "../images/image-source";
import { createImageSources } from "../images/image-sources";
import { connectLibvirt } from "../libvirt/connect";
import { image } from "../resources/image/image";
import { createFakeHostObserver } from "./fake-host-observer";
import { createResourceDriver } from "./resource-driver";

const [uri = "", pool = "", source = ""] = process.argv.slice(2);

/** Stands still when half of the image is sent. */
async function* half(pieces: AsyncIterable<ImagePiece>, fileBytes: number): AsyncGenerator<ImagePiece> {
  let done = 0;
  for await (const piece of pieces) {
    yield piece;
    done += "data" in piece ? piece.data.length : piece.holeBytes;
    if (done < fileBytes / 2) continue;
    process.stdout.write("half way\n");
    await new Promise<never>(() => setInterval(() => undefined, 1_000));
  }
}

const real = createImageSources({ cacheDir: `${source}.cache` });
const images: ImageSources = {
  open: async (request) => {
    const opened = await real.open(request);
    return { ...opened, pieces: () => half(opened.pieces(), opened.fileBytes), close: () => opened.close() };
  },
};
const libvirt = connectLibvirt({ uri, timeoutMs: 30_000 });
void createResourceDriver({ definition: image, libvirt, host: createFakeHostObserver(), images, name: "killed" }).up({ source, pool });
