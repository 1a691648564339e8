/** HTML with its characters as they were before they were escaped; for what a page says, not for whether it is safe. */
export function plain(html: string): string {
  return html
    .replaceAll("<!-- -->", "")
    .replaceAll("&#x27;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** What an answer's page says. */
export async function words(answer: Response): Promise<string> {
  return plain(await answer.text());
}
