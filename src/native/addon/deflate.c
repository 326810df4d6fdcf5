/*
 * Compression of one block from one buffer into another, on libuv's pool, by the zlib inside Node: Node's own interface makes new
 * buffers and a new state for each block, and the garbage collector is then as busy as zlib.
 */
#include "addon.h"
#include "huffman.h"
#include "of_node.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

struct deflater {
  bool is_busy;
  z_stream stream;
};

struct deflate_task {
  struct task task;
  napi_env env;
  struct deflater *deflater;
  /* Keeps the deflater and the three buffers alive. */
  napi_ref held[4];
  int level, strategy;
  const uint8_t *before, *input;
  uint8_t *output;
  size_t before_size, input_size, output_size;
  size_t written;
};

static void free_deflater(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct deflater *deflater = data;
  deflateEnd(&deflater->stream);
  free(deflater);
}

/* Fewer and larger trees with most memory: making them costs as much as packing what does not repeat. */
napi_value js_openDeflater(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  if (deflateInit2_ == NULL) return throw_error(env, ENOSYS, "deflate", NULL);
  struct deflater *deflater = calloc(1, sizeof *deflater);
  if (deflater == NULL) return throw_error(env, ENOMEM, "deflate", NULL);
  if (deflateInit2(&deflater->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(deflater);
    return throw_error(env, ENOMEM, "deflate", NULL);
  }
  if (napi_create_external(env, deflater, free_deflater, NULL, &result) == napi_ok) return result;
  free_deflater(env, deflater, NULL);
  return throw_error(env, ENOMEM, "deflate", NULL);
}

static void run_deflate(struct task *task) {
  struct deflate_task *own = (struct deflate_task *)task;
  if (own->strategy == Z_HUFFMAN_ONLY) {
    own->written = pack_bytes(own->input, own->input_size, own->output, own->output_size);
    if (own->written == 0) task->error = ENOBUFS;
    return;
  }
  z_stream *stream = &own->deflater->stream;
  deflateReset(stream);
  stream->next_in = NULL;
  stream->avail_in = 0;
  stream->next_out = own->output;
  stream->avail_out = (uInt)own->output_size;
  if (deflateParams(stream, own->level, own->strategy) != Z_OK ||
      (own->before_size > 0 && deflateSetDictionary(stream, own->before, (uInt)own->before_size) != Z_OK)) {
    task->error = EINVAL;
    return;
  }
  stream->next_in = (Bytef *)own->input;
  stream->avail_in = (uInt)own->input_size;
  const int code = deflate(stream, Z_SYNC_FLUSH);
  /* With room left, everything has been flushed. */
  if (code != Z_OK || stream->avail_in > 0 || stream->avail_out == 0) task->error = ENOBUFS;
  own->written = own->output_size - stream->avail_out;
}

static napi_value deflate_result(napi_env env, struct task *task) {
  napi_value result = NULL;
  napi_create_int64(env, (int64_t)((struct deflate_task *)task)->written, &result);
  return result;
}

static void release_deflate(struct task *task) {
  struct deflate_task *own = (struct deflate_task *)task;
  own->deflater->is_busy = false;
  for (size_t i = 0; i < 4; i++)
    if (own->held[i] != NULL) napi_delete_reference(own->env, own->held[i]);
}

napi_value js_deflateInto(napi_env env, napi_callback_info info) {
  struct args args;
  void *deflater = NULL, *before = NULL, *input = NULL, *output = NULL;
  size_t before_size, input_size, output_size;
  int64_t level, strategy;
  if (!read_args(env, info, 6, &args)) return NULL;
  if (napi_get_value_external(env, args.value[0], &deflater) != napi_ok)
    return throw_type(env, "argument 1 must come from openDeflater");
  if (!bytes_arg(&args, 1, &before, &before_size) || !bytes_arg(&args, 2, &input, &input_size) ||
      !bytes_arg(&args, 3, &output, &output_size) || !int_arg(&args, 4, &level) || !int_arg(&args, 5, &strategy))
    return NULL;
  if (before_size > INT32_MAX || input_size > INT32_MAX || output_size > INT32_MAX)
    return throw_error(env, EINVAL, "deflate", NULL);
  if (((struct deflater *)deflater)->is_busy) return throw_error(env, EBUSY, "deflate", NULL);
  struct deflate_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "deflate", NULL);
  *task = (struct deflate_task){
      .task = {.run = run_deflate, .result = deflate_result, .release = release_deflate, .syscall = "deflate"},
      .env = env,
      .deflater = deflater,
      .level = (int)level,
      .strategy = (int)strategy,
      .before = before,
      .before_size = before_size,
      .input = input,
      .input_size = input_size,
      .output = output,
      .output_size = output_size,
  };
  task->deflater->is_busy = true;
  for (size_t i = 0; i < 4; i++) napi_create_reference(env, args.value[i], 1, &task->held[i]);
  return start_on_pool(env, &task->task);
}
