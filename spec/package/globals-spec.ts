import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { packageFolder } from './packed.js';

describe('src and operators', () => {
  it('should compile without the types of Node or the DOM', function () {
    this.timeout(60_000);
    const host: ts.ParseConfigFileHost = {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
      },
    };
    const config = ts.getParsedCommandLineOfConfigFile(
      join(packageFolder, 'tsconfig.json'),
      { types: [], noEmit: true },
      host,
    );
    if (!config) expect.fail('expected a readable tsconfig.json');
    const files = config.fileNames.filter((file) =>
      /^(src(?!\/(connections|jetStream)\/)|operators)\//.test(relative(file)),
    );
    expect(files).to.not.be.empty;

    const program = ts.createProgram(files, config.options);
    const reported = ts
      .getPreEmitDiagnostics(program)
      .map(
        ({ file, messageText }) =>
          `${file ? relative(file.fileName) : ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
    expect(reported).to.deep.equal([]);
  });
});

function relative(file: string): string {
  return file.slice(packageFolder.length + 1);
}
