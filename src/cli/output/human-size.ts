export { humanBinarySize, humanSize, humanSizeSpaced } from '../../base/human-size.ts';
