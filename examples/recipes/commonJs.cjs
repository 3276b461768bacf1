/** CommonJS: Node 20.19 and later give an ES module to `require`. */
const { of } = require('rxjs');
const { loadBalance } = require('rxjs-load-balance');

of('a', 'b')
  .pipe(loadBalance([async (event) => event.toUpperCase()]))
  .subscribe(({ value }) => console.log(value));
// A, B
