/*
 * Decompression from one buffer straight into another, on libuv's pool: Node's streams make a new buffer for every piece that comes
 * out, which the garbage collector sees long after. zlib and zstd are those inside Node, which exports both to addons.
 */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Node has no header for zstd; these are its stable interface. */
struct zstd_input { const void *src; size_t size, pos; };
struct zstd_output { void *dst; size_t size, pos; };
extern void *ZSTD_createDStream(void);
extern size_t ZSTD_freeDStream(void *stream);
extern size_t ZSTD_DCtx_setParameter(void *stream, int parameter, int value);
extern size_t ZSTD_decompressStream(void *stream, struct zstd_output *output, struct zstd_input *input);
extern unsigned ZSTD_isError(size_t code);
extern const char *ZSTD_getErrorName(size_t code);

enum { ZSTD_WINDOW_LOG_MAX = 100, LARGEST_WINDOW_LOG = 27, GZIP_ONLY = 16 };

struct inflater {
  bool is_zstd;
  bool is_busy;
  /* Nothing has begun that is not complete. */
  bool between;
  void *zstd;
  z_stream gzip;
};

struct inflate_task {
  struct task task;
  napi_env env;
  struct inflater *inflater;
  /* Keeps the three arguments alive. */
  napi_ref held[3];
  const uint8_t *input;
  uint8_t *output;
  size_t input_size, output_size;
  size_t read, written;
  const char *problem;
};

static void free_inflater(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct inflater *inflater = data;
  if (inflater->is_zstd) ZSTD_freeDStream(inflater->zstd);
  else inflateEnd(&inflater->gzip);
  free(inflater);
}

static bool prepare(struct inflater *inflater) {
  if (!inflater->is_zstd) return inflateInit2(&inflater->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK;
  inflater->zstd = ZSTD_createDStream();
  if (inflater->zstd == NULL) return false;
  ZSTD_DCtx_setParameter(inflater->zstd, ZSTD_WINDOW_LOG_MAX, LARGEST_WINDOW_LOG);
  return true;
}

napi_value js_openInflater(napi_env env, napi_callback_info info) {
  struct args args;
  char format[8];
  napi_value result;
  if (!read_args(env, info, 1, &args) || !text_arg(&args, 0, format, sizeof format)) return NULL;
  if (strcmp(format, "gzip") != 0 && strcmp(format, "zstd") != 0)
    return throw_type(env, "a format is 'gzip' or 'zstd'");
  struct inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return throw_error(env, ENOMEM, "inflate", NULL);
  inflater->is_zstd = strcmp(format, "zstd") == 0;
  inflater->between = true;
  if (!prepare(inflater)) {
    free(inflater);
    return throw_error(env, ENOMEM, "inflate", NULL);
  }
  if (napi_create_external(env, inflater, free_inflater, NULL, &result) == napi_ok) return result;
  free_inflater(env, inflater, NULL);
  return throw_error(env, ENOMEM, "inflate", NULL);
}

/* Zeros behind the last member are padding; anything else must be one more member. */
static bool begin_member(z_stream *stream) {
  while (stream->avail_in > 0 && *stream->next_in == 0) {
    stream->next_in++;
    stream->avail_in--;
  }
  if (stream->avail_in == 0) return false;
  inflateReset(stream);
  return true;
}

static void run_gzip(struct inflate_task *task) {
  struct inflater *inflater = task->inflater;
  z_stream *stream = &inflater->gzip;
  stream->next_in = (Bytef *)task->input;
  stream->avail_in = (uInt)task->input_size;
  stream->next_out = task->output;
  stream->avail_out = (uInt)task->output_size;
  for (;;) {
    if (inflater->between && !begin_member(stream)) break;
    inflater->between = false;
    int code = inflate(stream, Z_NO_FLUSH);
    inflater->between = code == Z_STREAM_END;
    if (code == Z_MEM_ERROR) task->task.error = ENOMEM;
    else if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      task->problem = stream->msg != NULL ? stream->msg : "invalid data";
    if (code != Z_STREAM_END) break;
  }
  task->read = task->input_size - stream->avail_in;
  task->written = task->output_size - stream->avail_out;
}

static void run_zstd(struct inflate_task *task) {
  struct zstd_input input = {task->input, task->input_size, 0};
  struct zstd_output output = {task->output, task->output_size, 0};
  for (;;) {
    const size_t before = input.pos + output.pos;
    const size_t code = ZSTD_decompressStream(task->inflater->zstd, &output, &input);
    if (ZSTD_isError(code)) task->problem = ZSTD_getErrorName(code);
    if (task->problem != NULL || input.pos + output.pos == before) break;
    task->inflater->between = code == 0;
    if (output.pos == output.size || (input.pos == input.size && code == 0)) break;
  }
  task->read = input.pos;
  task->written = output.pos;
}

static void run_inflate(struct task *task) {
  struct inflate_task *own = (struct inflate_task *)task;
  if (own->inflater->is_zstd) run_zstd(own);
  else run_gzip(own);
}

static void set_number(napi_env env, napi_value object, const char *key, size_t number) {
  napi_value value;
  if (napi_create_int64(env, (int64_t)number, &value) == napi_ok) napi_set_named_property(env, object, key, value);
}

static napi_value inflate_result(napi_env env, struct task *task) {
  struct inflate_task *own = (struct inflate_task *)task;
  napi_value result, problem;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  set_number(env, result, "read", own->read);
  set_number(env, result, "written", own->written);
  napi_set_named_property(env, result, "isBetween", bool_value(env, own->inflater->between));
  if (own->problem != NULL && napi_create_string_utf8(env, own->problem, NAPI_AUTO_LENGTH, &problem) == napi_ok)
    napi_set_named_property(env, result, "problem", problem);
  return result;
}

static void release_inflate(struct task *task) {
  struct inflate_task *own = (struct inflate_task *)task;
  own->inflater->is_busy = false;
  for (size_t i = 0; i < 3; i++)
    if (own->held[i] != NULL) napi_delete_reference(own->env, own->held[i]);
}

napi_value js_inflateInto(napi_env env, napi_callback_info info) {
  struct args args;
  void *inflater = NULL, *input = NULL, *output = NULL;
  size_t input_size, output_size;
  if (!read_args(env, info, 3, &args)) return NULL;
  if (napi_get_value_external(env, args.value[0], &inflater) != napi_ok)
    return throw_type(env, "argument 1 must come from openInflater");
  if (!bytes_arg(&args, 1, &input, &input_size) || !bytes_arg(&args, 2, &output, &output_size)) return NULL;
  if (input_size > INT32_MAX || output_size > INT32_MAX) return throw_error(env, EINVAL, "inflate", NULL);
  if (((struct inflater *)inflater)->is_busy) return throw_error(env, EBUSY, "inflate", NULL);
  struct inflate_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "inflate", NULL);
  *task = (struct inflate_task){
      .task = {.run = run_inflate, .result = inflate_result, .release = release_inflate, .syscall = "inflate"},
      .env = env,
      .inflater = inflater,
      .input = input,
      .output = output,
      .input_size = input_size,
      .output_size = output_size,
  };
  task->inflater->is_busy = true;
  for (size_t i = 0; i < 3; i++) napi_create_reference(env, args.value[i], 1, &task->held[i]);
  return start_on_pool(env, &task->task);
}
