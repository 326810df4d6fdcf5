/* Holds a port of the host so that nobody else can have it, without serving it. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct endpoint {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  socklen_t length;
  int type;
  int protocol;
};

static bool read_protocol(const char *name, struct endpoint *endpoint) {
  endpoint->type = strcmp(name, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
  if (strcmp(name, "tcp") == 0) endpoint->protocol = IPPROTO_TCP;
  else if (strcmp(name, "udp") == 0) endpoint->protocol = IPPROTO_UDP;
  else if (strcmp(name, "sctp") == 0) endpoint->protocol = IPPROTO_SCTP;
  else return false;
  return true;
}

/* '' is every IPv4 address. */
static bool read_address(const char *text, uint16_t port, struct endpoint *endpoint) {
  memset(&endpoint->address, 0, sizeof endpoint->address);
  struct sockaddr_in *v4 = &endpoint->address.v4;
  if (text[0] == '\0' || inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    endpoint->length = sizeof *v4;
    return true;
  }
  struct sockaddr_in6 *v6 = &endpoint->address.v6;
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  endpoint->length = sizeof *v6;
  return true;
}

/* A bound TCP socket that does not listen can be pushed aside by SO_REUSEADDR, so it listens. */
static int hold(const struct endpoint *endpoint, const char **syscall) {
  const int on = 1;
  *syscall = "socket";
  int fd = socket(endpoint->address.any.sa_family, endpoint->type | SOCK_CLOEXEC, endpoint->protocol);
  if (fd == -1) return -1;
  bool stream = endpoint->type == SOCK_STREAM;
  bool six = endpoint->address.any.sa_family == AF_INET6;
  *syscall = "setsockopt";
  if ((!stream || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0) &&
      (!six || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)) {
    *syscall = "bind";
    if (bind(fd, &endpoint->address.any, endpoint->length) == 0) {
      *syscall = "listen";
      if (!stream || listen(fd, 1) == 0) return fd;
    }
  }
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static napi_value port_of(napi_env env, int fd) {
  struct sockaddr_in6 address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) == -1) return throw_error(env, errno, "getsockname", NULL);
  /* The port is at the same place in both families. */
  napi_value result;
  return napi_create_uint32(env, ntohs(address.sin6_port), &result) == napi_ok ? result : NULL;
}

napi_value js_holdPort(napi_env env, napi_callback_info info) {
  struct args args;
  char protocol[8], address[64];
  int64_t port;
  struct endpoint endpoint;
  const char *syscall;
  if (!read_args(env, info, 3, &args) || !text_arg(&args, 0, protocol, sizeof protocol) ||
      !text_arg(&args, 1, address, sizeof address) || !int_arg(&args, 2, &port))
    return NULL;
  if (!read_protocol(protocol, &endpoint)) return throw_type(env, "not tcp, udp or sctp");
  if (port < 0 || port > 65535) return throw_type(env, "not a port");
  if (!read_address(address, (uint16_t)port, &endpoint)) return throw_error(env, EINVAL, "bind", address);
  int fd = hold(&endpoint, &syscall);
  return fd == -1 ? throw_error(env, errno, syscall, NULL) : int_result(env, fd, syscall, NULL);
}

napi_value js_boundPort(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return port_of(env, fd);
}
