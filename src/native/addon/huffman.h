#ifndef TSPOD_HUFFMAN_H
#define TSPOD_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Packs `input` as raw deflate (RFC 1951) without looking for repetitions, ending on a byte boundary with an empty stored block, as
 * zlib does for Z_HUFFMAN_ONLY with Z_SYNC_FLUSH, in a fifth of its time. Returns the bytes written, 0 when there is too little room.
 */
size_t pack_bytes(const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size);

#endif
