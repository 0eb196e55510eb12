// What HTTP and its sockets answer with -> why the download failed, whether another attempt may help, and what the user can do. Pure.
import { STATUS_CODES } from "node:http";
import { FetchFailure } from "./fetch";

const mostRetryAfterMs = 30_000;

interface Explanation {
  readonly wayOut?: string;
  readonly isTransient: boolean;
}

const askForAccess = "Give a URL that needs no login, or one with its credentials in it (https://user:password@host/path).";
const checkAddress = "Check the address: images move when a newer one is published.";
const later = "Run again later: the download goes on where it stopped.";

const statuses: Readonly<Record<number, Explanation>> = {
  401: { wayOut: askForAccess, isTransient: false },
  403: { wayOut: askForAccess, isTransient: false },
  404: { wayOut: checkAddress, isTransient: false },
  407: { wayOut: "Put the proxy's credentials into HTTP_PROXY and HTTPS_PROXY (http://user:password@proxy:port).", isTransient: false },
  408: { wayOut: later, isTransient: true },
  410: { wayOut: checkAddress, isTransient: false },
  425: { wayOut: later, isTransient: true },
  429: { wayOut: later, isTransient: true },
};

/** "120" seconds; a date is not worth the trouble. */
function retryAfterMs(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d+$/.test(header) ? Math.min(Number(header) * 1000, mostRetryAfterMs) : undefined;
}

export function statusFailure(status: number, retryAfter: string | readonly string[] | undefined): FetchFailure {
  const explanation = statuses[status] ?? (status >= 500 ? { wayOut: later, isTransient: true } : { isTransient: false });
  const name = STATUS_CODES[status];
  return new FetchFailure(`the server answered ${status}${name === undefined ? "" : ` (${name})`}.`, {
    ...explanation,
    retryAfterMs: retryAfterMs(retryAfter),
  });
}

const checkNetwork = "Check the address, the network, and the proxy variables (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).";
const trust = "If the server is yours, let Node trust its authority: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.";

const codes: Readonly<Record<string, Explanation & { readonly wrong: string }>> = {
  ENOTFOUND: { wrong: "no such host is known.", wayOut: checkNetwork, isTransient: false },
  EAI_AGAIN: { wrong: "the name server does not answer.", wayOut: checkNetwork, isTransient: true },
  ECONNREFUSED: { wrong: "the connection was refused.", wayOut: checkNetwork, isTransient: true },
  EHOSTUNREACH: { wrong: "there is no way to the host.", wayOut: checkNetwork, isTransient: true },
  ENETUNREACH: { wrong: "there is no way to the host's network.", wayOut: checkNetwork, isTransient: true },
  ETIMEDOUT: { wrong: "the connection timed out.", wayOut: checkNetwork, isTransient: true },
  UND_ERR_CONNECT_TIMEOUT: { wrong: "the connection timed out.", wayOut: checkNetwork, isTransient: true },
  UND_ERR_HEADERS_TIMEOUT: { wrong: "the server was silent for too long.", wayOut: later, isTransient: true },
  UND_ERR_BODY_TIMEOUT: { wrong: "the server was silent for too long.", wayOut: later, isTransient: true },
  UND_ERR_SOCKET: { wrong: "the connection was cut off.", wayOut: later, isTransient: true },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { wrong: "the connection was cut off.", wayOut: later, isTransient: true },
  ECONNRESET: { wrong: "the connection was cut off.", wayOut: later, isTransient: true },
  EPIPE: { wrong: "the connection was cut off.", wayOut: later, isTransient: true },
  CERT_HAS_EXPIRED: { wrong: "the server's certificate has expired.", isTransient: false },
  ERR_TLS_CERT_ALTNAME_INVALID: { wrong: "the server's certificate is for another name.", wayOut: checkNetwork, isTransient: false },
  DEPTH_ZERO_SELF_SIGNED_CERT: { wrong: "the server's certificate is signed by itself.", wayOut: trust, isTransient: false },
  SELF_SIGNED_CERT_IN_CHAIN: { wrong: "an unknown authority signed the server's certificate.", wayOut: trust, isTransient: false },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { wrong: "an unknown authority signed the server's certificate.", wayOut: trust, isTransient: false },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { wrong: "an unknown authority signed the server's certificate.", wayOut: trust, isTransient: false },
};

/** Errors by which undici and sockets say that they are theirs; the rest (a full disk, a mistake of ours) is not the network's. */
const isOfNetwork = (code: string): boolean => /^(UND_ERR|ERR_TLS|ERR_SSL|EPROTO|CERT_|HPE_)/.test(code);

/** undefined: no failure of the network. */
export function networkFailure(error: unknown): FetchFailure | undefined {
  if (error instanceof FetchFailure) return error;
  // Several addresses of a host that all failed come as one error with many inside.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code, message } = first as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  const known = Object.hasOwn(codes, code) ? codes[code] : undefined;
  if (known !== undefined) return new FetchFailure(known.wrong, known);
  return isOfNetwork(code) ? new FetchFailure(`${message} (${code}).`, { wayOut: checkNetwork, isTransient: false }) : undefined;
}
