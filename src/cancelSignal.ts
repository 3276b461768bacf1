/** The type of `AbortSignal` where there is one, and what the balancer needs of it where there is none. */

/** What is used of an AbortSignal, for a project without the DOM's or Node's types. */
export interface MinimalAbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The platform's `AbortSignal`; in a project without its type, the part of it that is used here. */
export type CancelSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer Signal };
}
  ? Signal
  : MinimalAbortSignal;
