#include "huffman.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* So many bytes have a code of their own; what does not get smaller by it fits into one stored block. */
enum { PIECE = 65535 };
/* Bytes, and the end of the block. */
enum { SYMBOLS = 257, END = 256 };
/* Four codes and what is left of a byte fit into 64 bits. */
enum { LONGEST = 14 };
/* Header of a block: its kind, three counts, 19 lengths of the code for lengths, and lengths in that code. */
enum { LENGTH_CODES = 19, LENGTH_BITS = 4, DISTANCES = 2 };
enum { HEADER_BITS = 3 + 5 + 5 + 4 + 3 * LENGTH_CODES + LENGTH_BITS * (SYMBOLS + DISTANCES) };
enum { STORED_BYTES = 5 };
/* The writer stores eight bytes at a time. */
enum { MARGIN = 16 };

struct writer {
  uint8_t *at;
  uint64_t bits;
  unsigned count;
};

static void flush_bytes(struct writer *writer) {
  memcpy(writer->at, &writer->bits, sizeof writer->bits);
  writer->at += writer->count >> 3;
  writer->bits >>= writer->count & ~7U;
  writer->count &= 7;
}

static void put(struct writer *writer, unsigned value, unsigned count) {
  writer->bits |= (uint64_t)value << writer->count;
  writer->count += count;
  flush_bytes(writer);
}

static void put_stored(struct writer *writer, const uint8_t *bytes, uint16_t size) {
  put(writer, 0, 3);
  if (writer->count > 0) put(writer, 0, 8 - writer->count);
  put(writer, size, 16);
  put(writer, (uint16_t)~size, 16);
  if (size > 0) memcpy(writer->at, bytes, size);
  writer->at += size;
}

static void count_bytes(const uint8_t *bytes, size_t size, uint32_t counts[SYMBOLS]) {
  /* In turn, since the same byte often comes twice. */
  uint32_t parts[4][256] = {{0}};
  size_t at = 0;
  for (; at + 4 <= size; at += 4)
    for (size_t part = 0; part < 4; part++) parts[part][bytes[at + part]]++;
  for (; at < size; at++) parts[0][bytes[at]]++;
  for (size_t byte = 0; byte < 256; byte++)
    counts[byte] = parts[0][byte] + parts[1][byte] + parts[2][byte] + parts[3][byte];
  counts[END] = 1;
}

static int by_number(const void *one, const void *other) {
  const uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return (a > b) - (a < b);
}

/* How many codes have each length, for `used` counts in ascending order: Huffman's tree, and no branch longer than LONGEST. */
static void count_lengths(const uint32_t *sorted, unsigned used, unsigned per_length[LONGEST + 1]) {
  uint32_t weight[2 * SYMBOLS];
  unsigned parent[2 * SYMBOLS], depth[2 * SYMBOLS];
  for (unsigned leaf = 0; leaf < used; leaf++) weight[leaf] = sorted[leaf];
  const unsigned nodes = 2 * used - 1;
  unsigned leaf = 0, node = used;
  for (unsigned made = used; made < nodes; made++) {
    weight[made] = 0;
    for (int child = 0; child < 2; child++) {
      const bool is_leaf = node == made || (leaf < used && weight[leaf] <= weight[node]);
      const unsigned lightest = is_leaf ? leaf++ : node++;
      weight[made] += weight[lightest];
      parent[lightest] = made;
    }
  }
  memset(per_length, 0, (LONGEST + 1) * sizeof *per_length);
  uint32_t taken = 0;
  for (unsigned at = nodes; at-- > 0;) {
    depth[at] = at == nodes - 1 ? 0 : depth[parent[at]] + 1;
    if (at >= used) continue;
    const unsigned length = depth[at] < LONGEST ? depth[at] : LONGEST;
    per_length[length]++;
    taken += 1U << (LONGEST - length);
  }
  /* Cut branches take more than there is: others are lengthened until it fits. */
  for (; taken > 1U << LONGEST; taken--) {
    unsigned length = LONGEST - 1;
    while (per_length[length] == 0) length--;
    per_length[length]--;
    per_length[length + 1] += 2;
    per_length[LONGEST]--;
  }
}

static unsigned reversed(unsigned code, unsigned length) {
  unsigned result = 0;
  for (; length > 0; length--, code >>= 1) result = result << 1 | (code & 1);
  return result;
}

/* Low half: the code, its first bit lowest; high half: its length. */
static void make_codes(const uint32_t counts[SYMBOLS], uint32_t codes[SYMBOLS]) {
  /* The symbol below the count: equal counts have an order, too. */
  uint32_t keys[SYMBOLS], sorted[SYMBOLS];
  unsigned used = 0;
  for (unsigned symbol = 0; symbol < SYMBOLS; symbol++)
    if (counts[symbol] > 0) keys[used++] = counts[symbol] << 9 | symbol;
  qsort(keys, used, sizeof *keys, by_number);
  for (unsigned at = 0; at < used; at++) sorted[at] = keys[at] >> 9;
  unsigned per_length[LONGEST + 1], lengths[SYMBOLS] = {0}, next[LONGEST + 1];
  count_lengths(sorted, used, per_length);
  for (unsigned length = LONGEST, at = 0; length > 0; length--)
    for (unsigned left = per_length[length]; left > 0; left--) lengths[keys[at++] & 511] = length;
  for (unsigned length = 1, code = 0; length <= LONGEST; length++) {
    next[length] = code;
    code = (code + per_length[length]) << 1;
  }
  for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) {
    const unsigned length = lengths[symbol];
    codes[symbol] = length == 0 ? 0 : reversed(next[length]++, length) | length << 16;
  }
}

static void put_header(struct writer *writer, const uint32_t codes[SYMBOLS]) {
  put(writer, 4, 3);
  put(writer, SYMBOLS - 257, 5);
  put(writer, DISTANCES - 1, 5);
  put(writer, LENGTH_CODES - 4, 4);
  /* All lengths from 0 to 15 are as likely: each is its own code; the first three stand for repetitions. */
  for (unsigned at = 0; at < LENGTH_CODES; at++) put(writer, at < 3 ? 0 : LENGTH_BITS, 3);
  for (unsigned symbol = 0; symbol < SYMBOLS; symbol++)
    put(writer, reversed(codes[symbol] >> 16, LENGTH_BITS), LENGTH_BITS);
  /* Never used; two of one bit make a code that every reader takes. */
  for (unsigned at = 0; at < DISTANCES; at++) put(writer, reversed(1, LENGTH_BITS), LENGTH_BITS);
}

static void put_bytes(struct writer *writer, const uint32_t codes[SYMBOLS], const uint8_t *bytes, size_t size) {
  size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    for (size_t next = 0; next < 4; next++) {
      const uint32_t code = codes[bytes[at + next]];
      writer->bits |= (uint64_t)(code & 0xffff) << writer->count;
      writer->count += code >> 16;
    }
    flush_bytes(writer);
  }
  for (; at < size; at++) put(writer, codes[bytes[at]] & 0xffff, codes[bytes[at]] >> 16);
  put(writer, codes[END] & 0xffff, codes[END] >> 16);
}

size_t pack_bytes(const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size) {
  struct writer writer = {.at = output};
  const uint8_t *end = output + output_size;
  for (size_t from = 0; from < input_size; from += PIECE) {
    const size_t size = input_size - from < PIECE ? input_size - from : PIECE;
    uint32_t counts[SYMBOLS], codes[SYMBOLS];
    count_bytes(input + from, size, counts);
    make_codes(counts, codes);
    uint64_t bits = HEADER_BITS;
    for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) bits += (uint64_t)counts[symbol] * (codes[symbol] >> 16);
    const bool is_smaller = bits / 8 < size + STORED_BYTES;
    const size_t needed = (is_smaller ? bits / 8 : size + STORED_BYTES) + MARGIN;
    if ((size_t)(end - writer.at) < needed) return 0;
    if (is_smaller) {
      put_header(&writer, codes);
      put_bytes(&writer, codes, input + from, size);
    } else put_stored(&writer, input + from, (uint16_t)size);
  }
  if ((size_t)(end - writer.at) < STORED_BYTES + MARGIN) return 0;
  put_stored(&writer, NULL, 0);
  return (size_t)(writer.at - output);
}
