import { createContext } from "react";

/** The nonce of this page's Content-Security-Policy; set by the server's rendering only. */
export const NonceContext = createContext<string | undefined>(undefined);
