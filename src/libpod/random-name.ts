import { holderOfName } from '../state/by-name-or-id.ts';
import type { Database } from '../state/db.ts';

/** A random name that neither a container nor a pod has. */
export function freeName(db: Database): string {
  for (let attempt = 0; ; attempt++) {
    const name = randomName(attempt);
    if (holderOfName(db, name) === undefined) return name;
  }
}

/** `adjective_surname`, as people know it from docker; after many clashes a number is added. */
export function randomName(attempt = 0): string {
  const adjective = ADJECTIVES[random(ADJECTIVES.length)];
  const surname = SURNAMES[random(SURNAMES.length)];
  return `${adjective}_${surname}${attempt > 5 ? random(10_000) : ''}`;
}

/** A name is no secret. */
function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}

const ADJECTIVES =
  'able agile airy alert ample apt bold brave breezy bright brisk calm candid careful cheery chief civil clear clever cosy crisp curious daring deft direct dreamy eager early earnest easy exact fair fancy fast fine firm fleet fluent fond frank free fresh frosty gentle giddy glad golden grand great happy hardy hearty honest hopeful humble ideal jolly jovial keen kind lively loyal lucid lucky mellow merry mighty modest musing neat nimble noble open patient placid plucky polite prime prompt proud quick quiet rapid ready regal robust rosy sage serene sharp shiny silent sincere sleek smart smooth snappy sober solid spry stable steady stoic sturdy sunny sure swift tidy trusty upbeat valid vivid warm wise witty zesty'.split(
    ' ',
  );

const SURNAMES =
  'abel ampere archimedes avogadro babbage backus banach bell berners bohr boole borg brahe cantor carson cauchy cerf chandra church clarke codd cori crick curie darwin descartes dijkstra dirac edison einstein engelbart euclid euler faraday fermat fermi feynman fourier franklin galileo galois gauss germain goedel goodall hamilton hawking heisenberg hertz hilbert hodgkin hopper hubble huygens hypatia jemison johnson joule kalam keller kepler knuth kovalevskaya lagrange lamarr lamport laplace leavitt leibniz liskov lovelace maxwell mcclintock meitner mendel mendeleev mirzakhani napier nash neumann newton nobel noether ohm pascal pasteur pauli perlman planck poincare ptolemy pythagoras raman ramanujan riemann ritchie rubin rutherford sagan shannon stallman swartz tesla thompson torvalds turing volta watt wiles wilson wozniak wright yalow yonath'.split(
    ' ',
  );
