/*
 * What is taken from inside Node. The quick program has none of it and needs none, but loads this addon too: weak, they need not be
 * there, also where the linker or LD_BIND_NOW has all names looked up at once.
 */
#ifndef TSPOD_OF_NODE_H
#define TSPOD_OF_NODE_H

#pragma weak SHA256_Final
#pragma weak SHA256_Init
#pragma weak SHA256_Update
#pragma weak ZSTD_DCtx_setParameter
#pragma weak ZSTD_createDStream
#pragma weak ZSTD_decompressStream
#pragma weak ZSTD_freeDStream
#pragma weak ZSTD_getErrorName
#pragma weak ZSTD_isError
#pragma weak crc32_combine
#pragma weak crc32_z
#pragma weak deflate
#pragma weak deflateEnd
#pragma weak deflateInit2_
#pragma weak deflateParams
#pragma weak deflateReset
#pragma weak deflateSetDictionary
#pragma weak inflate
#pragma weak inflateEnd
#pragma weak inflateGetDictionary
#pragma weak inflateInit2_
#pragma weak inflatePrime
#pragma weak inflateReset
#pragma weak inflateValidate

#endif
