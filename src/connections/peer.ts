/** Packages that ready-made connections are made of, and that users install themselves. */

/** Finds an installed package, and throws when it is not there. */
export type Resolve = (name: string) => unknown;

/**
 * Node's own way to find an installed package.
 * @param meta What this module knows of itself.
 * @returns It; `undefined` where the platform has none, or where this module is a part of a bundle, which may have the
 * package in it.
 */
export function resolverOf(meta: Partial<ImportMeta>): Resolve | undefined {
  // It is to be called as its method.
  return meta.url?.endsWith('/connections/peer.js') === true && typeof meta.resolve === 'function'
    ? (name) => meta.resolve?.(name)
    : undefined;
}

const resolveInstalled = resolverOf(import.meta);

/** An optional peer dependency. */
export class Peer {
  /**
   * @param who The function that needs it, for the error.
   * @param name The package.
   * @param version The major version that is wanted.
   */
  constructor(
    private readonly who: string,
    private readonly name: string,
    private readonly version: number,
  ) {}

  /**
   * Throws when it is not installed, where that can be told without loading it.
   * @param resolve Finds an installed package.
   * @throws Error that says what to install.
   */
  expect(resolve: Resolve | undefined = resolveInstalled): void {
    try {
      resolve?.(this.name);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /**
   * Whether it is installed; not where that cannot be told without loading it.
   * @param resolve Finds an installed package.
   */
  isInstalled(resolve: Resolve | undefined = resolveInstalled): boolean {
    try {
      return resolve?.(this.name) !== undefined;
    } catch {
      return false;
    }
  }

  /**
   * Loads a module that imports it.
   * @param load Imports the module.
   * @throws Error that says what to install when the package is not there.
   */
  async load<M>(load: () => Promise<M>): Promise<M> {
    try {
      return await load();
    } catch (error) {
      throw this.explained(error);
    }
  }

  private explained(error: unknown): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${this.name}'`);
    if (!isMissing) {
      return error;
    }
    const { who, name, version } = this;
    return new Error(`${who} needs the package ${name}: npm install ${name}@${version}`, { cause: error });
  }
}
