// A URL -> the answer to a GET, through redirects and proxies. undici does the protocol; which redirects may be followed is decided here.
import type * as Undici from "undici";
import type { Environment } from "./fetch";
import { FetchFailure } from "./fetch";

/** As curl has it for downloads that are followed by hand. */
const mostRedirects = 10;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

export type HttpAnswer = Undici.Dispatcher.ResponseData;

export interface HttpClient {
  /** `headers` go to every address on the way. Rejects with FetchFailure for redirects that may not be followed, else with undici's errors. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly env: Environment;
  /** Without one byte: UND_ERR_HEADERS_TIMEOUT, UND_ERR_BODY_TIMEOUT. */
  readonly silenceMs: number;
  /** Whether a redirect may leave https: only where a checksum tells what comes. */
  readonly mayLeaveTls: boolean;
}

/** Loading undici takes tens of milliseconds: it waits for the first download, so that a plugin start does not pay for it. */
const library = (): typeof Undici =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at start
  require("undici") as typeof Undici;

/** curl takes a proxy without a scheme as http, and so do users. */
const proxyUrl = (value: string): string => (value === "" || value.includes("://") ? value : `http://${value}`);

/** The lower case name comes first, as in curl; an empty value is "none". */
const variable = (env: Environment, name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";

function makeDispatcher({ env, silenceMs }: HttpClientOptions): Undici.Dispatcher {
  const { EnvHttpProxyAgent } = library();
  return new EnvHttpProxyAgent({
    httpProxy: proxyUrl(variable(env, "HTTP_PROXY")),
    httpsProxy: proxyUrl(variable(env, "HTTPS_PROXY")),
    noProxy: variable(env, "NO_PROXY"),
    // Many proxies allow CONNECT for https alone.
    proxyTunnel: false,
    connectTimeout: silenceMs,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  });
}

/** A name and password in the URL itself: for its own host, never for another one that it is redirected to. */
function credentials({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Where a redirect goes. Credentials stay with the origin that they were given for. */
export function redirectTarget(from: URL, location: string, mayLeaveTls: boolean): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw new FetchFailure("the server redirects to something that is no URL.", { isTransient: false });
  }
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    throw new FetchFailure(`the server redirects to ${to.protocol}, which is not followed.`, { isTransient: false });
  }
  if (from.protocol === "https:" && to.protocol === "http:" && !mayLeaveTls) {
    throw new FetchFailure(`the server redirects from https to http (${to.host}), where anybody on the way could change the image.`, {
      wayOut: "Give the image's checksum: then it may come any way.",
      isTransient: false,
    });
  }
  if (to.origin === from.origin && to.username === "" && to.password === "") {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { request } = library();
  const { silenceMs, mayLeaveTls } = options;
  const dispatcher = makeDispatcher(options);
  return {
    async get(url, headers, signal) {
      let current = url;
      for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
        // The credentials are in the header; a URL with them is no address that undici takes.
        const bare = new URL(current);
        bare.username = "";
        bare.password = "";
        const answer = await request(bare, {
          dispatcher,
          headers: { ...headers, ...credentials(current) },
          signal,
          headersTimeout: silenceMs,
          bodyTimeout: silenceMs,
        });
        const { location } = answer.headers;
        if (!redirectStatuses.includes(answer.statusCode) || typeof location !== "string") return answer;
        await answer.body.dump();
        current = redirectTarget(current, location, mayLeaveTls);
      }
      throw new FetchFailure(`the server redirects more than ${mostRedirects} times.`, { isTransient: false });
    },
    close: () => dispatcher.destroy(),
  };
}
