// What a user wrote as an image's source -> where that is. Pure.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ImageError } from "../errors";

export interface FileLocation {
  readonly kind: "file";
  readonly path: string;
}

export interface HttpLocation {
  readonly kind: "http";
  /** With what it may hold of credentials: never for messages. */
  readonly url: URL;
}

export interface SftpLocation {
  readonly kind: "sftp";
  /** As ssh takes it, a name of ~/.ssh/config too. */
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Absolute, or relative to the user's home. */
  readonly path: string;
}

export type SourceLocation = (FileLocation | HttpLocation | SftpLocation) & {
  /** For messages: without credentials. */
  readonly shown: string;
  /** The last part of the path. */
  readonly fileName: string;
};

/** Names that ssh and sftp take for what they are: none begins with "-", and none holds anything that they read otherwise. */
const hostPattern = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])$/;
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*$/;
/** Control characters end a command of sftp; a backslash is read by it in more than one way. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const pathPattern = /^[^\u0000-\u001f\u007f\\]+$/;

const refuse = (shown: string, detail: string, wayOut: string) =>
  new ImageError(detail, { doing: "reading the image source", what: shown, wayOut });

function decoded(text: string, shown: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(shown, "a % in it is not followed by two hexadecimal digits.", "Write a % of the path itself as %25.");
  }
}

const lastPart = (path: string): string => path.slice(path.replace(/\/+$/, "").lastIndexOf("/") + 1).replace(/\/+$/, "") || "image";

/** What stands in a URL before the host and behind the path can be a secret: a password, a signature. */
const shownUrl = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;

function httpLocation(url: URL): SourceLocation {
  const shown = shownUrl(url);
  if (url.hostname === "") throw refuse(shown, "it names no host.", "Write it as https://host/path.");
  return { kind: "http", url, shown, fileName: lastPart(decoded(url.pathname, shown)) };
}

function sftpLocation(url: URL): SourceLocation {
  const shown = shownUrl(url);
  if (url.password !== "") {
    throw refuse(
      shown,
      "a password may not stand in the URL.",
      "Let the server take a key: ssh finds it through ~/.ssh/config or the agent.",
    );
  }
  const user = url.username === "" ? undefined : decoded(url.username, shown);
  const isValid = hostPattern.test(url.hostname) && (user === undefined || userPattern.test(user));
  if (!isValid)
    throw refuse(
      shown,
      "its host or user is not a plain name.",
      "Write it as sftp://user@host/path, with letters, digits, dots and dashes.",
    );
  if (url.search !== "" || url.hash !== "") throw refuse(shown, "it has a ? or # in its path.", "Write them as %3F and %23.");
  const path = decoded(url.pathname, shown).replace(/^\/~\//, "");
  if (!pathPattern.test(path) || path.endsWith("/")) {
    throw refuse(shown, "its path is empty, names a folder, or holds a backslash or control character.", "Name a file by a plain path.");
  }
  return {
    kind: "sftp",
    host: url.hostname.replace(/^\[|\]$/g, ""),
    user,
    port: url.port === "" ? undefined : Number(url.port),
    path,
    shown,
    fileName: lastPart(path),
  };
}

function fileLocation(path: string): SourceLocation {
  return { kind: "file", path: resolve(path), shown: path, fileName: lastPart(resolve(path)) };
}

function fileUrlLocation(url: URL): SourceLocation {
  try {
    return fileLocation(fileURLToPath(url));
  } catch (error) {
    throw refuse(url.href, `${(error as Error).message}.`, "Write it as file:///path.");
  }
}

const schemes: Readonly<Record<string, (url: URL) => SourceLocation>> = {
  "file:": fileUrlLocation,
  "http:": httpLocation,
  "https:": httpLocation,
  "sftp:": sftpLocation,
};

function parsedUrl(source: string): URL {
  try {
    return new URL(source);
  } catch {
    // Not with its text: where a URL goes wrong, so may the place of its password.
    throw refuse(
      `${source.slice(0, source.indexOf(":"))}: URL`,
      "it is no valid URL.",
      "Write it as https://host/path or sftp://user@host/path.",
    );
  }
}

/** Throws ImageError for what cannot be a source. What has no scheme is a path of this machine, relative to the working directory. */
export function sourceLocation(source: string): SourceLocation {
  if (source === "") throw refuse('""', "it is empty.", "Give a path or a URL.");
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || /^file:\//i.test(source);
  if (!isUrl) return fileLocation(source);
  const url = parsedUrl(source);
  const locate = Object.hasOwn(schemes, url.protocol) ? schemes[url.protocol] : undefined;
  if (locate === undefined) {
    throw refuse(
      shownUrl(url),
      `${url.protocol} is not known here.`,
      "Images come from a path of this machine, or from a file:, http:, https: or sftp: URL.",
    );
  }
  return locate(url);
}
