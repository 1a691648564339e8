import type { z } from "zod";
import { DomainError } from "~/errors";

/** The largest JSON body or form that is read, in bytes. */
const BODY_LIMIT = 16 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a body as bytes, no more than `limit` of them: a declared length over it is refused unread, and what comes without
 * a length is counted. Throws BODY_TOO_LARGE, and UNSUPPORTED_MEDIA_TYPE for a compressed body.
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding");
  if (encoding && encoding.trim().toLowerCase() !== "identity") throw new DomainError("UNSUPPORTED_MEDIA_TYPE");
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw new DomainError("BODY_TOO_LARGE");
  if (!request.body) return new Uint8Array();

  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    // Not cancelled: that would cut the connection before the answer is out. The hook takes the rest off the wire.
    if (size > limit) throw new DomainError("BODY_TOO_LARGE");
    chunks.push(value);
  }
  return Buffer.concat(chunks, size);
}

/** The text of a body. Throws BAD_JSON for invalid UTF-8; a byte order mark stays and is no JSON. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new DomainError("BAD_JSON");
  }
}

/** Reads a JSON body. Throws UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, BAD_JSON, INVALID_BODY. Unknown fields are dropped. */
export async function parseJson<S extends z.ZodType>(request: Request, schema: S): Promise<z.infer<S>> {
  requireMediaType(request, "application/json");
  const text = decodeUtf8(await readBody(request, BODY_LIMIT));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError("BAD_JSON");
  }
  return check(schema, value, "INVALID_BODY");
}

/** Reads a posted form; of a repeated field the first counts. Throws UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, INVALID_BODY. */
export async function parseForm<S extends z.ZodType>(request: Request, schema: S): Promise<z.infer<S>> {
  requireMediaType(request, "application/x-www-form-urlencoded");
  const body = Buffer.from(await readBody(request, BODY_LIMIT)).toString("utf8");
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(body)) if (!Object.hasOwn(fields, name)) fields[name] = value;
  return check(schema, fields, "INVALID_BODY");
}

/** Reads an address's query; an empty value is none, of a repeated name the first counts. Throws INVALID_QUERY. */
export function parseQuery<S extends z.ZodType>(request: Request, schema: S): z.infer<S> {
  const fields: Record<string, string> = {};
  for (const [name, value] of new URL(request.url).searchParams) {
    if (value !== "" && !Object.hasOwn(fields, name)) fields[name] = value;
  }
  return check(schema, fields, "INVALID_QUERY");
}

/** The header `Idempotency-Key`, null when absent. Throws INVALID_BODY for one that is empty, long or not plain ASCII. */
export function idempotencyKey(request: Request): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new DomainError("INVALID_BODY", { fields: { "Idempotency-Key": "1–255 Zeichen, ohne Leerzeichen." } });
  }
  return key;
}

function requireMediaType(request: Request, expected: string): void {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== expected) throw new DomainError("UNSUPPORTED_MEDIA_TYPE");
}

function check<S extends z.ZodType>(schema: S, value: unknown, code: "INVALID_BODY" | "INVALID_QUERY"): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields: Record<string, string> = {};
  for (const issue of result.error.issues) fields[issue.path.join(".") || "body"] ??= issue.message;
  throw new DomainError(code, { fields });
}
