/** Certificates for servers and clients of a test, thrown away with it. */
import { generate } from 'selfsigned';

/** A certificate with its key, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a certificate for 127.0.0.1 and localhost.
 * @param commonName Whose it is.
 * @param ca Who signs it. Default: itself.
 */
export async function certificateFor(commonName: string, ca?: Certificate): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
    ...(ca === undefined ? {} : { ca }),
  });
  return { cert, key };
}
