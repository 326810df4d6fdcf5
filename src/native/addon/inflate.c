/*
 * Decompression from one buffer straight into another, on libuv's pool: Node's streams make a new buffer for every piece that comes
 * out, which the garbage collector sees long after. zlib and zstd are those inside Node, which exports both to addons.
 */
#include "addon.h"
#include "of_node.h"

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

enum { ZSTD_WINDOW_LOG_MAX = 100, LARGEST_WINDOW_LOG = 27, GZIP_ONLY = 16, WINDOW = 32768, MARK_HEAD = 6 };

struct inflater {
  bool is_zstd;
  bool is_busy;
  /* Nothing has begun that is not complete. */
  bool between;
  void *zstd;
  z_stream gzip;
  /* Of what the members before this one hold; of everything so far where zlib does not know this one's. */
  uint32_t crc;
  bool is_resumed;
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
  /* Stop at the next place from which a new inflater can go on; `mark` is then what it needs. */
  bool wants_mark;
  uint8_t *mark;
  size_t mark_size;
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
  if (inflateInit2_ == NULL) return throw_error(env, ENOSYS, "inflate", NULL);
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

static bool feed(z_stream *stream, const uint8_t *bytes, size_t size) {
  stream->next_in = (Bytef *)bytes;
  stream->avail_in = (uInt)size;
  while (stream->avail_in > 0)
    if (inflate(stream, Z_BLOCK) != Z_OK) return false;
  return true;
}

/* A member is begun that holds nothing but the window, as a block that is not compressed; behind it comes what the mark stands before. */
static bool resume(struct inflater *inflater, const uint8_t *mark, size_t size) {
  static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
  const size_t window = size - MARK_HEAD;
  const uint8_t length[] = {0, window & 0xff, window >> 8, ~window & 0xff, (~window >> 8) & 0xff};
  uint8_t output[WINDOW];
  z_stream *stream = &inflater->gzip;
  stream->next_out = output;
  stream->avail_out = sizeof output;
  if (!feed(stream, header, sizeof header)) return false;
  if (window > 0 && (!feed(stream, length, sizeof length) || !feed(stream, mark + MARK_HEAD, window))) return false;
  /* The checksum of the real member began elsewhere: zlib does not compare it, and takes none. */
  inflateValidate(stream, 0);
  memcpy(&inflater->crc, mark + 2, sizeof inflater->crc);
  inflater->is_resumed = true;
  inflater->between = false;
  return mark[0] == 0 || inflatePrime(stream, mark[0], mark[1]) == Z_OK;
}

napi_value js_resumeInflater(napi_env env, napi_callback_info info) {
  struct args args;
  void *mark = NULL;
  size_t size = 0;
  napi_value result;
  if (inflateInit2_ == NULL) return throw_error(env, ENOSYS, "inflate", NULL);
  if (!read_args(env, info, 1, &args) || !bytes_arg(&args, 0, &mark, &size)) return NULL;
  if (size < MARK_HEAD || size > MARK_HEAD + WINDOW || ((uint8_t *)mark)[0] > 7) return throw_error(env, EINVAL, "inflate", NULL);
  struct inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return throw_error(env, ENOMEM, "inflate", NULL);
  if (!prepare(inflater)) {
    free(inflater);
    return throw_error(env, ENOMEM, "inflate", NULL);
  }
  if (resume(inflater, mark, size) && napi_create_external(env, inflater, free_inflater, NULL, &result) == napi_ok) return result;
  free_inflater(env, inflater, NULL);
  return throw_error(env, EINVAL, "inflate", NULL);
}

/* Zeros behind the last member are padding; anything else must be one more member. */
static bool begin_member(struct inflater *inflater) {
  z_stream *stream = &inflater->gzip;
  while (stream->avail_in > 0 && *stream->next_in == 0) {
    stream->next_in++;
    stream->avail_in--;
  }
  if (stream->avail_in == 0) return false;
  inflateReset(stream);
  inflateValidate(stream, 1);
  inflater->is_resumed = false;
  return true;
}

static uint32_t crc_so_far(const struct inflater *inflater) {
  return (uint32_t)crc32_combine(inflater->crc, inflater->gzip.adler, (z_off_t)inflater->gzip.total_out);
}

/*
 * Between two blocks of deflate nothing counts but the bits of the last byte that are not used up and the last 32 KiB that came out:
 * a mark is the number of these bits, the bits, the CRC-32 of all that came out (little endian, as the machine is), and the window.
 */
static bool take_mark(struct inflate_task *task) {
  z_stream *stream = &task->inflater->gzip;
  const int unused = stream->data_type & 0x3f;
  const bool is_boundary = (stream->data_type & 0x80) != 0 && (stream->data_type & 0x40) == 0;
  if (!is_boundary || unused > 7 || stream->next_in == task->input) return false;
  uInt window = WINDOW;
  uint8_t *mark = malloc(MARK_HEAD + WINDOW);
  if (mark == NULL) return false;
  if (inflateGetDictionary(stream, mark + MARK_HEAD, &window) != Z_OK || window > WINDOW) {
    free(mark);
    return false;
  }
  mark[0] = (uint8_t)unused;
  mark[1] = unused == 0 ? 0 : stream->next_in[-1] >> (8 - unused);
  const uint32_t crc = task->inflater->is_resumed ? task->inflater->crc : crc_so_far(task->inflater);
  memcpy(mark + 2, &crc, sizeof crc);
  task->mark = mark;
  task->mark_size = MARK_HEAD + window;
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
    if (inflater->between && !begin_member(inflater)) break;
    inflater->between = false;
    const Bytef *output = stream->next_out;
    int code = inflate(stream, task->wants_mark ? Z_BLOCK : Z_NO_FLUSH);
    inflater->between = code == Z_STREAM_END;
    if (inflater->is_resumed) inflater->crc = (uint32_t)crc32_z(inflater->crc, output, (z_size_t)(stream->next_out - output));
    else if (inflater->between) inflater->crc = crc_so_far(inflater);
    if (code == Z_MEM_ERROR) task->task.error = ENOMEM;
    else if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      task->problem = stream->msg != NULL ? stream->msg : "invalid data";
    if (code == Z_STREAM_END) continue;
    /* Asked for a mark, zlib stops at every boundary. */
    if (code != Z_OK || !task->wants_mark || take_mark(task)) break;
    if (stream->avail_in == 0 || stream->avail_out == 0) break;
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
  napi_value result, problem, mark;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  set_number(env, result, "read", own->read);
  set_number(env, result, "written", own->written);
  napi_set_named_property(env, result, "isBetween", bool_value(env, own->inflater->between));
  if (own->problem != NULL && napi_create_string_utf8(env, own->problem, NAPI_AUTO_LENGTH, &problem) == napi_ok)
    napi_set_named_property(env, result, "problem", problem);
  if (own->mark != NULL && napi_create_buffer_copy(env, own->mark_size, own->mark, NULL, &mark) == napi_ok)
    napi_set_named_property(env, result, "mark", mark);
  return result;
}

static void release_inflate(struct task *task) {
  struct inflate_task *own = (struct inflate_task *)task;
  own->inflater->is_busy = false;
  free(own->mark);
  for (size_t i = 0; i < 3; i++)
    if (own->held[i] != NULL) napi_delete_reference(own->env, own->held[i]);
}

napi_value js_inflateInto(napi_env env, napi_callback_info info) {
  struct args args;
  void *inflater = NULL, *input = NULL, *output = NULL;
  size_t input_size, output_size;
  bool wants_mark = false;
  if (!read_args(env, info, 3, &args)) return NULL;
  if (napi_get_value_external(env, args.value[0], &inflater) != napi_ok)
    return throw_type(env, "argument 1 must come from openInflater");
  if (args.count > 3 && napi_get_value_bool(env, args.value[3], &wants_mark) != napi_ok)
    return throw_type(env, "argument 4 must be a boolean");
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
      .wants_mark = wants_mark,
  };
  task->inflater->is_busy = true;
  for (size_t i = 0; i < 3; i++) napi_create_reference(env, args.value[i], 1, &task->held[i]);
  return start_on_pool(env, &task->task);
}
