import { responseDrained } from "./hooks.server";

/**
 * A file for the browser to keep, sent as it is made: the next piece is asked for only when the one before has left the
 * server, so that memory does not grow with the file, however slow the reader is. Not compressed on the way: the compressor would
 * take everything at once.
 */
export function download(
  request: Request,
  { name, type, pieces }: { name: string; type: string; pieces: AsyncIterator<string> },
): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await responseDrained(request);
      const { done, value } = request.signal.aborted ? { done: true, value: "" } : await pieces.next();
      if (done) {
        await pieces.return?.();
        controller.close();
      } else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await pieces.return?.();
    },
  });
  return new Response(body, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store, no-transform",
    },
  });
}
