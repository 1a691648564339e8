import sprite from "./icons.svg";

/** The icons of `icons.svg`, a file of its own so that no page's script carries their outlines. */
export type IconName =
  | "home"
  | "box"
  | "check"
  | "check-circle"
  | "clock"
  | "eye"
  | "minus-circle"
  | "cross-circle"
  | "alert"
  | "lock"
  | "tag"
  | "menu"
  | "chevrons"
  | "receipt"
  | "list"
  | "key"
  | "device"
  | "building"
  | "download"
  | "external"
  | "arrow-left"
  | "arrow-right"
  | "plus"
  | "minus"
  | "shield"
  | "clock-dashed"
  | "return"
  | "chevron-down"
  | "scale"
  | "inbox"
  | "users"
  | "pulse"
  | "loop"
  | "search"
  | "pencil"
  | "arrow-up"
  | "arrow-down";

/** A stroke icon on a grid of 24. Always decoration: the word beside it says the same. */
export function Icon({ name, className = "size-4" }: { name: IconName; className?: string }) {
  return (
    <svg aria-hidden="true" className={`shrink-0 ${className}`}>
      <use href={`${sprite}#${name}`} />
    </svg>
  );
}
