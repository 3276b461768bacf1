/** The type of `AbortSignal` where there is one, and what the balancer needs of it where there is none. */

/** What is used of an AbortSignal, for a project without the DOM's or Node's types. */
export interface MinimalAbortSignal {
  /** Whether it has been aborted. */
  readonly aborted: boolean;
  /** Why it has been aborted. */
  readonly reason: unknown;
  /** Listens for it to be aborted. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Listens no more. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The platform's `AbortSignal`; in a project without its type, the part of it that is used here. */
export type CancelSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer Signal };
}
  ? Signal
  : MinimalAbortSignal;
