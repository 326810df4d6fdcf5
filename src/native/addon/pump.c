/* Copies the output of an attach socket to two descriptors, many packets per system call. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PACKET_SIZE = 65536 + 1, BATCH = 16, STREAM_STDOUT = 2, STREAM_STDERR = 3, FRAME_HEADER = 8 };

struct pump {
  struct task task;
  int socket;
  /* -1: discard. */
  int output[2];
  bool reader_gone;
  /* Before each packet: stream (1, 2), three zeros, the length in network order. */
  bool framed;
  unsigned char headers[BATCH][FRAME_HEADER];
  char *buffer;
};

/* Write errors that mean "the reader has gone": not worth an error of ours. */
static bool is_reader_gone(int error) { return error == EPIPE || error == EIO || error == ECONNRESET; }

static void wait_until(int fd, short events) {
  struct pollfd entry = {.fd = fd, .events = events};
  while (poll(&entry, 1, -1) == -1 && errno == EINTR) {
  }
}

static void stop_output(struct pump *pump, int stream, int error) {
  if (is_reader_gone(error)) pump->reader_gone = true;
  else if (pump->task.error == 0) pump->task.error = error;
  close(pump->output[stream]);
  pump->output[stream] = -1;
}

static void write_all(struct pump *pump, int stream, struct iovec *vector, int count) {
  while (count > 0 && pump->output[stream] != -1) {
    ssize_t written = writev(pump->output[stream], vector, count);
    if (written == -1) {
      if (errno == EAGAIN) wait_until(pump->output[stream], POLLOUT);
      else if (errno != EINTR) stop_output(pump, stream, errno);
      continue;
    }
    size_t left = (size_t)written;
    while (count > 0 && left >= vector->iov_len) {
      left -= vector->iov_len;
      vector++;
      count--;
    }
    if (count > 0) {
      vector->iov_base = (char *)vector->iov_base + left;
      vector->iov_len -= left;
    }
  }
}

static struct iovec frame_header(struct pump *pump, int packet, int stream, size_t length) {
  unsigned char *header = pump->headers[packet];
  const uint32_t size = htonl((uint32_t)length);
  memset(header, 0, FRAME_HEADER);
  header[0] = (unsigned char)(stream + 1);
  memcpy(header + 4, &size, sizeof size);
  return (struct iovec){.iov_base = header, .iov_len = FRAME_HEADER};
}

/* Neighbours of the same stream go out together; the order between the streams stays as received. */
static void write_packets(struct pump *pump, const struct mmsghdr *packets, int count) {
  struct iovec vector[2 * BATCH];
  int used = 0, current = -1;
  for (int i = 0; i < count; i++) {
    char *data = packets[i].msg_hdr.msg_iov->iov_base;
    if (packets[i].msg_len < 2 || (data[0] != STREAM_STDOUT && data[0] != STREAM_STDERR)) continue;
    int stream = data[0] - STREAM_STDOUT;
    if (stream != current && used > 0) {
      write_all(pump, current, vector, used);
      used = 0;
    }
    current = stream;
    if (pump->framed) vector[used++] = frame_header(pump, i, stream, packets[i].msg_len - 1);
    vector[used++] = (struct iovec){.iov_base = data + 1, .iov_len = packets[i].msg_len - 1};
  }
  if (used > 0) write_all(pump, current, vector, used);
}

/* Packets read, 0 at end of file, -1 with errno. An empty packet is the end too: the monitor sends none. */
static int receive(struct pump *pump, struct mmsghdr *packets, struct iovec *vector) {
  for (int i = 0; i < BATCH; i++) {
    vector[i] = (struct iovec){.iov_base = pump->buffer + (size_t)i * PACKET_SIZE, .iov_len = PACKET_SIZE};
    packets[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vector[i], .msg_iovlen = 1}};
  }
  return recvmmsg(pump->socket, packets, BATCH, MSG_WAITFORONE, NULL);
}

static void run_pump(struct task *task) {
  struct pump *pump = (struct pump *)task;
  struct mmsghdr packets[BATCH];
  struct iovec vector[BATCH];
  bool seemed_over = false;
  for (;;) {
    int count = receive(pump, packets, vector);
    if (count == -1) {
      if (errno == EAGAIN) wait_until(pump->socket, POLLIN);
      /* ECONNRESET: the peer left input of ours unread. It is reported before the packets that are still queued. */
      else if (errno != EINTR && errno != ECONNRESET) {
        if (task->error == 0) task->error = errno;
        return;
      }
      continue;
    }
    int full = 0;
    while (full < count && packets[full].msg_len > 0) full++;
    write_packets(pump, packets, full);
    /* As with a pipe: who writes on learns at once that nobody reads any more. */
    if (pump->reader_gone) return;
    /*
     * The kernel looks for a packet, then whether the peer has closed; what the peer sent between the two is still there when it
     * says that nothing is. What it says a second time is true.
     */
    bool is_over = full < count || count == 0;
    if (is_over && full == 0 && seemed_over) return;
    seemed_over = is_over;
  }
}

static napi_value pump_result(napi_env env, struct task *task) {
  const struct pump *pump = (const struct pump *)task;
  napi_value text;
  napi_create_string_utf8(env, pump->reader_gone ? "reader-gone" : "eof", NAPI_AUTO_LENGTH, &text);
  return text;
}

static void release_pump(struct task *task) {
  struct pump *pump = (struct pump *)task;
  if (pump->socket != -1) close(pump->socket);
  for (int i = 0; i < 2; i++)
    if (pump->output[i] != -1) close(pump->output[i]);
  free(pump->buffer);
}

/* Duplicates keep a descriptor from being reused for something else while the thread writes to it. */
static bool duplicate(int fd, int *out) {
  *out = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return fd < 0 || *out != -1;
}

napi_value js_pumpAttach(napi_env env, napi_callback_info info) {
  struct args args;
  int fds[3];
  int64_t framed = 0;
  if (!read_args(env, info, 3, &args)) return NULL;
  for (size_t i = 0; i < 3; i++)
    if (!fd_arg(&args, i, &fds[i])) return NULL;
  if (args.count > 3 && !int_arg(&args, 3, &framed)) return NULL;
  if (fds[0] < 0) return throw_error(env, EBADF, "recvmmsg", NULL);
  struct pump *pump = calloc(1, sizeof *pump);
  if (pump == NULL) return throw_error(env, ENOMEM, "recvmmsg", NULL);
  pump->socket = pump->output[0] = pump->output[1] = -1;
  pump->framed = framed != 0;
  pump->buffer = malloc((size_t)BATCH * PACKET_SIZE);
  if (pump->buffer == NULL) errno = ENOMEM;
  if (pump->buffer == NULL || !duplicate(fds[0], &pump->socket) || !duplicate(fds[1], &pump->output[0]) ||
      !duplicate(fds[2], &pump->output[1])) {
    int error = errno;
    release_pump(&pump->task);
    free(pump);
    return throw_error(env, error, "recvmmsg", NULL);
  }
  pump->task.run = run_pump;
  pump->task.result = pump_result;
  pump->task.release = release_pump;
  pump->task.syscall = "write";
  return start_on_own_thread(env, &pump->task);
}
