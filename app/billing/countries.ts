/** Where a company that is billed may sit; ISO 3166-1 alpha-2, in the order of the list to choose from. */
export const COUNTRIES = ["CH", "LI", "DE", "AT", "FR", "IT", "GB", "US"] as const;
export type Country = (typeof COUNTRIES)[number];

export function isCountry(code: string): code is Country {
  return COUNTRIES.some((country) => country === code);
}
