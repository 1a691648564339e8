/** The stylesheet of all pages served here, light and dark, with the colours and sizes of the product. */
export const STYLESHEET = `
@font-face { font-family: "Inter Variable"; font-style: normal; font-weight: 100 900; font-display: swap; src: url("/assets/inter.woff2") format("woff2"); }
:root {
  color-scheme: light dark;
  --canvas: #ffffff; --sunken: #f7f7f8; --hover: #f0f0f2; --line: #e5e5e8; --line-strong: #85858f;
  --ink: #131316; --soft: #4b4b54; --mute: #65656f;
  --primary: #131316; --primary-hover: #34343b; --on-primary: #ffffff; --accent: #1f4fd8;
  --positive: #0f6438; --notice: #7a4a00; --notice-wash: #fdf3df; --danger: #ae1420; --danger-wash: #fdeeee;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --canvas: #111113; --sunken: #18181b; --hover: #222226; --line: #2b2b30; --line-strong: #7c7c87;
    --ink: #f4f4f6; --soft: #bdbdc6; --mute: #9b9ba6;
    --primary: #f4f4f6; --primary-hover: #d3d3da; --on-primary: #111113; --accent: #93b4ff;
    --positive: #78d9a2; --notice: #f0c26a; --notice-wash: #2e230b; --danger: #ff9a98; --danger-wash: #381618;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { font-family: "Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif; font-optical-sizing: auto; font-feature-settings: "calt", "ss03"; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--sunken); color: var(--ink); font-size: 0.875rem; line-height: 1.375rem; overflow-wrap: break-word; }
h1, h2, p, dl, dd { margin: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.notice { display: flex; align-items: center; justify-content: center; gap: 0.5rem; min-height: 2.625rem; padding: 0.5rem 1rem; background: var(--notice-wash); color: var(--notice); font-weight: 500; }
.notice p { min-width: 0; }
.notice svg, .declined svg { flex: none; }
main { max-width: 60.5rem; margin: 0 auto; padding: 5rem 1.5rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 4rem; align-items: start; }
.buyer { color: var(--soft); }
.product { margin-top: 0.75rem; font-size: 1.125rem; line-height: 1.625rem; font-weight: 500; letter-spacing: -0.017em; }
.price { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.625rem; margin-top: 0.125rem; font-size: 2.25rem; line-height: 2.75rem; font-weight: 600; letter-spacing: -0.017em; }
.price span { font-size: 1.125rem; font-weight: 500; color: var(--soft); }
.num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.rows { margin-top: 1.75rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.rows div { display: flex; justify-content: space-between; gap: 1rem; padding-block: 0.3125rem; }
.rows .each { color: var(--soft); }
.rows .total { margin-top: 0.3125rem; border-top: 1px solid var(--line); padding-top: 0.75rem; font-weight: 500; }
.valid { margin-top: 1.75rem; color: var(--mute); font-size: 0.8125rem; line-height: 1.25rem; }
.panel { border: 1px solid var(--line); border-radius: 12px; background: var(--canvas); padding: 2rem; }
h2 { font-size: 1.125rem; line-height: 1.625rem; font-weight: 600; letter-spacing: -0.017em; }
.panel h2 + p { margin-top: 0.25rem; color: var(--soft); }
.choices { display: grid; gap: 0.75rem; margin-top: 1.5rem; }
.btn { display: inline-flex; align-items: center; justify-content: center; min-height: 2.25rem; padding: 0.375rem 0.875rem; border: 1px solid transparent; border-radius: 8px; background: none; color: var(--ink); font: inherit; font-weight: 500; text-align: center; text-decoration: none; cursor: pointer; transition: background-color 120ms; }
.btn-lg { min-height: 2.75rem; padding-inline: 1.25rem; font-size: 1rem; }
.btn-primary { background: var(--primary); color: var(--on-primary); }
.btn-primary:hover { background: var(--primary-hover); }
.btn-secondary { background: var(--canvas); border-color: var(--line-strong); }
.btn-secondary:hover, .btn-ghost:hover { background: var(--hover); }
.btn-ghost { color: var(--soft); }
.notes { display: grid; gap: 0.5rem; margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: 1.25rem; color: var(--mute); font-size: 0.8125rem; line-height: 1.25rem; }
.notes strong { color: var(--soft); font-weight: 600; }
.declined { display: flex; gap: 0.5rem; margin-top: 1.25rem; border-radius: 8px; background: var(--danger-wash); color: var(--danger); padding: 0.625rem 0.75rem; font-weight: 500; }
.declined svg { margin-top: 0.1875rem; }
.ending { max-width: 40rem; }
.ending h1, .control h1 { font-size: 1.75rem; line-height: 2.125rem; font-weight: 600; letter-spacing: -0.017em; text-wrap: balance; }
.ending p { margin-top: 0.5rem; color: var(--soft); }
.ending .btn { margin-top: 1.5rem; }
.control { max-width: 70rem; padding-block: 2.5rem; }
.control h2 { margin-top: 2.5rem; }
.control .intro { margin-top: 0.25rem; color: var(--soft); }
.switches { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem 2rem; align-items: end; margin-top: 1rem; }
.switches label, .after label { display: block; font-weight: 500; }
input[type="checkbox"] { flex: none; width: 1.125rem; height: 1.125rem; margin: 0; accent-color: var(--accent); }
.check { display: flex; align-items: center; gap: 0.5rem; min-height: 2.5rem; }
.field { display: block; width: 100%; min-height: 2.5rem; margin-top: 0.25rem; padding: 0.5rem 0.75rem; border: 1px solid var(--line-strong); border-radius: 8px; background: var(--canvas); color: var(--ink); font: inherit; }
.sessions { list-style: none; margin: 1rem 0 0; padding: 0; border-top: 1px solid var(--line); }
.sessions li { position: relative; display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.75rem 1.5rem; padding-block: 0.75rem; border-bottom: 1px solid var(--line); }
.sessions p { min-width: 0; overflow-wrap: anywhere; }
.sessions .id { color: var(--mute); font-size: 0.8125rem; line-height: 1.25rem; }
.sessions form, .actions { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.after { flex: 1 0 100%; display: grid; gap: 0.75rem; padding: 0.25rem 0 0.5rem 1rem; border-left: 2px solid var(--line); }
.after ul { list-style: none; margin: 0; padding: 0; }
.after li:first-child { padding-top: 0; }
.after ul:last-child li:last-child { padding-bottom: 0; border-bottom: 0; }
.after form { align-items: end; gap: 0.75rem; }
.after .hint { color: var(--mute); font-weight: 400; }
.sr-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (pointer: coarse) { .btn, .field { min-height: 2.75rem; } }
@media (max-width: 47.99rem) {
  main { padding: 2rem 1rem; }
  .columns { grid-template-columns: minmax(0, 1fr); gap: 2rem; }
  .panel { padding: 1.5rem 1.25rem; }
}
@media (prefers-reduced-motion: reduce) { .btn { transition: none; } }
`;
