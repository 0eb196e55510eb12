// For tests: an HTTP server of this machine that a test writes the answers of, and a forward proxy.
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface TestServer {
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly seen: readonly SeenRequest[];
}

/** Long enough for a busy machine to take what was sent: what lies unread when a connection breaks is lost. */
const cutDelayMs = 150;

/** Counts the requests of its path: the first is 0. */
export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const running: Server[] = [];

/** To be called in a describe or at a file's top: servers end with its tests. */
export function closeServersAfterAll(): void {
  afterAll(() => {
    for (const server of running.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
}

async function listen(server: Server): Promise<number> {
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

export async function startServer(answers: Readonly<Record<string, Answer>>): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const counts = new Map<string, number>();
  const answerTo: RequestListener = (request, response) => {
    const path = request.url ?? "";
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    seen.push({ path, headers: request.headers });
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response, count);
  };
  const port = await listen(createServer(answerTo));
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

export interface ContentOptions {
  readonly etag?: string;
  readonly lastModified?: string;
  /** Default: ranges are served. */
  readonly ranges?: boolean;
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number;
}

/** A server as they are: ranges with If-Range, 304 for what is known, 416 for what lies behind the end. */
export function serve(content: Buffer, options: ContentOptions): Answer {
  const { etag, lastModified, ranges = true, cutAfter } = options;
  return (request, response) => {
    const validators = {
      ...(etag === undefined ? {} : { etag }),
      ...(lastModified === undefined ? {} : { "last-modified": lastModified }),
    };
    const { "if-none-match": known, "if-range": ifRange, range } = request.headers;
    if (etag !== undefined && known === etag) return void response.writeHead(304, validators).end();
    const asked = /^bytes=(\d+)-$/.exec(range ?? "")?.[1];
    const isSame = ifRange === undefined || ifRange === etag || ifRange === lastModified;
    const offset = ranges && isSame && asked !== undefined ? Number(asked) : undefined;
    if (offset !== undefined && offset >= content.length) {
      return void response.writeHead(416, { ...validators, "content-range": `bytes */${content.length}` }).end();
    }
    const body = content.subarray(offset ?? 0);
    response.writeHead(offset === undefined ? 200 : 206, {
      ...validators,
      "content-length": body.length,
      ...(offset === undefined ? {} : { "content-range": `bytes ${offset}-${content.length - 1}/${content.length}` }),
    });
    if (cutAfter === undefined) return void response.end(body);
    response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), cutDelayMs));
  };
}

export interface TestProxy {
  readonly url: string;
  readonly port: number;
  /** "GET http://…" and "CONNECT host:port" */
  readonly seen: readonly string[];
}

/** Forwards plain requests and makes tunnels; knows no name server: every host is this machine. */
export async function startProxy(): Promise<TestProxy> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    seen.push(`${request.method} ${url.href}`);
    const onward = httpRequest({ host: "127.0.0.1", port: url.port, path: url.pathname, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on("connect", (request, socket, head) => {
    seen.push(`CONNECT ${request.url}`);
    const onward = connect(Number(new URL(`http://${request.url}`).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, seen };
}
