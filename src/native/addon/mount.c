/* mount(2), umount2(2) and overlay mounts with any number of layers. */
#include "addon.h"
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture; older headers lack them. */
enum { NR_FSOPEN = 430, NR_FSCONFIG = 431, NR_FSMOUNT = 432 };
enum { CONFIG_FLAG = 0, CONFIG_STRING = 1, CONFIG_CREATE = 6, CLOEXEC_FLAG = 1 };

napi_value js_mount(napi_env env, napi_callback_info info) {
  struct args args;
  char source[PATH_SIZE], target[PATH_SIZE], type[NAME_SIZE], data[PATH_SIZE];
  int64_t flags;
  if (!read_args(env, info, 5, &args) || !path_arg(&args, 0, source) || !path_arg(&args, 1, target) ||
      !text_arg(&args, 2, type, sizeof type) || !int_arg(&args, 3, &flags) || !path_arg(&args, 4, data))
    return NULL;
  if (mount(source, target, type[0] ? type : NULL, (unsigned long)flags, data[0] ? data : NULL) == -1)
    return throw_error2(env, errno, "mount", source, target);
  return NULL;
}

napi_value js_umount(napi_env env, napi_callback_info info) {
  struct args args;
  char target[PATH_SIZE];
  int64_t flags;
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, target) || !int_arg(&args, 1, &flags)) return NULL;
  return void_result(env, umount2(target, (int)flags), "umount", target);
}

struct overlay {
  char target[PATH_SIZE], base[PATH_SIZE], upper[PATH_SIZE], work[PATH_SIZE];
  /* Not '': maps of a user namespace; the lower layers show owners as that has them. */
  char uid_map[PATH_SIZE], gid_map[PATH_SIZE];
  char **lower, **option;
  uint32_t lower_count, option_count;
  unsigned long flags;
  /* The finished overlay, on its way to this process's mounts. */
  int tree;
  int error;
  const char *syscall;
};

/* Paths in mount(2)'s option text: separators and backslashes need a backslash. Returns false when the page is full. */
static bool append_escaped(char *page, size_t *used, const char *text, const char *special) {
  for (; *text; text++) {
    if (*used + 3 >= PATH_SIZE - 1) return false;
    if (strchr(special, *text) != NULL) page[(*used)++] = '\\';
    page[(*used)++] = *text;
  }
  page[*used] = '\0';
  return true;
}

/* True when everything fits in the one page that mount(2) copies. */
static bool one_page(const struct overlay *o, char page[PATH_SIZE]) {
  size_t used = 0;
  if (!append_escaped(page, &used, "lowerdir=", "")) return false;
  for (uint32_t i = 0; i < o->lower_count; i++) {
    if (i > 0 && !append_escaped(page, &used, ":", "")) return false;
    if (!append_escaped(page, &used, o->lower[i], "\\,:")) return false;
  }
  if (o->upper[0]) {
    if (!append_escaped(page, &used, ",upperdir=", "") || !append_escaped(page, &used, o->upper, "\\,")) return false;
    if (!append_escaped(page, &used, ",workdir=", "") || !append_escaped(page, &used, o->work, "\\,")) return false;
  }
  for (uint32_t i = 0; i < o->option_count; i++)
    if (!append_escaped(page, &used, ",", "") || !append_escaped(page, &used, o->option[i], "")) return false;
  return used < 4095;
}

static int configure(int fs, const char *key, const char *value) {
  return (int)syscall(NR_FSCONFIG, fs, value != NULL ? CONFIG_STRING : CONFIG_FLAG, key, value, 0);
}

/* "key", "key=value" or "key=\"value\"": the quotes belong to mount(2)'s text form only. */
static int configure_option(int fs, const char *option) {
  char text[PATH_SIZE];
  snprintf(text, sizeof text, "%s", option);
  char *value = strchr(text, '=');
  if (value == NULL) return configure(fs, text, NULL);
  *value++ = '\0';
  size_t length = strlen(value);
  if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
    value[length - 1] = '\0';
    value++;
  }
  return configure(fs, text, value);
}

static unsigned int attributes_of(unsigned long flags) {
  unsigned int attributes = 0;
  if (flags & MS_RDONLY) attributes |= 0x01;
  if (flags & MS_NOSUID) attributes |= 0x02;
  if (flags & MS_NODEV) attributes |= 0x04;
  if (flags & MS_NOEXEC) attributes |= 0x08;
  if (flags & MS_NOATIME) attributes |= 0x10;
  if (flags & MS_STRICTATIME) attributes |= 0x20;
  if (flags & MS_NODIRATIME) attributes |= 0x80;
  return attributes;
}

/* One fsconfig call per layer ("lowerdir+", Linux 6.7 and later): no limit but the kernel's own 500 layers. */
static int mount_by_parts(const struct overlay *o, const char **call) {
  *call = "fsopen";
  int fs = (int)syscall(NR_FSOPEN, "overlay", CLOEXEC_FLAG);
  if (fs == -1) return errno == ENOSYS ? E2BIG : errno;
  *call = "fsconfig";
  int failed = configure(fs, "source", "overlay");
  if (!failed && o->flags & MS_RDONLY) failed = configure(fs, "ro", NULL);
  for (uint32_t i = 0; i < o->lower_count && !failed; i++) failed = configure(fs, "lowerdir+", o->lower[i]);
  if (!failed && o->upper[0]) failed = configure(fs, "upperdir", o->upper) || configure(fs, "workdir", o->work);
  for (uint32_t i = 0; i < o->option_count && !failed; i++) failed = configure_option(fs, o->option[i]);
  if (!failed) failed = (int)syscall(NR_FSCONFIG, fs, CONFIG_CREATE, NULL, NULL, 0);
  int tree = -1;
  if (!failed) {
    *call = "fsmount";
    tree = (int)syscall(NR_FSMOUNT, fs, CLOEXEC_FLAG, attributes_of(o->flags));
    failed = tree == -1;
  }
  if (!failed) {
    *call = "move_mount";
    failed = attach_mount(tree, o->target);
  }
  int error = failed ? errno : 0;
  if (tree != -1) close(tree);
  close(fs);
  return error;
}

/*
 * In a mount namespace of this thread alone, `base` is hidden by a mount of itself that shows other owners; the overlay is made from
 * that under the names that it has anyway, and only the finished overlay is taken out.
 */
static int hide_base(const struct overlay *o, const char **call) {
  int userns = open_userns(o->uid_map, o->gid_map, call);
  if (userns == -1) return -1;
  *call = "mount";
  int tree = -1, failed = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
  if (!failed) {
    *call = "mount_setattr";
    tree = clone_idmapped(o->base, userns);
    failed = tree == -1 || attach_mount(tree, o->base) == -1;
  }
  int error = errno;
  if (tree != -1) close(tree);
  close(userns);
  errno = error;
  return failed ? -1 : 0;
}

/* On a thread with a working directory of its own: the process's one stays what it is, in all its threads. */
static void *overlay_thread(void *data) {
  struct overlay *o = data;
  char page[PATH_SIZE];
  const bool idmapped = o->uid_map[0] != '\0';
  o->syscall = "unshare";
  if (unshare(idmapped ? CLONE_NEWNS : CLONE_FS) == -1 || (idmapped && hide_base(o, &o->syscall) == -1)) o->error = errno;
  else if (o->syscall = "chdir", chdir(o->base) == -1) o->error = errno;
  else if (!one_page(o, page)) o->error = mount_by_parts(o, &o->syscall);
  else if (o->syscall = "mount", mount("overlay", o->target, "overlay", o->flags, page) == -1) o->error = errno;
  if (idmapped && o->error == 0 && (o->syscall = "open_tree", (o->tree = clone_mount(o->target)) == -1)) o->error = errno;
  return NULL;
}

static void mount_overlay(struct overlay *o) {
  o->tree = -1;
  /* What the thread says stands in `o` itself: it may be done before anybody looks at whether it could be started. */
  int error = run_on_thread(overlay_thread, o);
  if (error != 0) {
    o->error = error;
    o->syscall = "pthread_create";
  }
  if (o->tree == -1) return;
  if (attach_mount(o->tree, o->target) == -1) {
    o->error = errno;
    o->syscall = "move_mount";
  }
  close(o->tree);
}

static bool text_property(napi_env env, napi_value object, const char *key, char out[PATH_SIZE]) {
  napi_value value;
  napi_valuetype type;
  out[0] = '\0';
  if (napi_get_named_property(env, object, key, &value) != napi_ok) return false;
  napi_typeof(env, value, &type);
  return type == napi_undefined || text_value(env, value, out, PATH_SIZE);
}

static bool list_property(napi_env env, napi_value object, const char *key, char ***out, uint32_t *count) {
  napi_value list;
  char text[PATH_SIZE];
  *count = 0;
  uint32_t length = 0;
  if (napi_get_named_property(env, object, key, &list) != napi_ok) return false;
  if (napi_get_array_length(env, list, &length) != napi_ok) {
    throw_type(env, "lowerDirs and options must be arrays");
    return false;
  }
  *out = calloc(length + 1, sizeof **out);
  if (*out == NULL) return throw_error(env, ENOMEM, "mount", NULL), false;
  for (; *count < length; (*count)++) {
    napi_value item;
    if (napi_get_element(env, list, *count, &item) != napi_ok || !text_value(env, item, text, sizeof text)) return false;
    (*out)[*count] = strdup(text);
    if ((*out)[*count] == NULL) return throw_error(env, ENOMEM, "mount", NULL), false;
  }
  return true;
}

static void free_list(char **list, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) free(list[i]);
  free(list);
}

static bool read_overlay(napi_env env, napi_value object, struct overlay *o) {
  napi_value flags;
  napi_valuetype type;
  int64_t number = 0;
  if (!text_property(env, object, "target", o->target) || !text_property(env, object, "base", o->base) ||
      !text_property(env, object, "uidMap", o->uid_map) || !text_property(env, object, "gidMap", o->gid_map) ||
      !text_property(env, object, "upperDir", o->upper) || !text_property(env, object, "workDir", o->work) ||
      !list_property(env, object, "lowerDirs", &o->lower, &o->lower_count) ||
      !list_property(env, object, "options", &o->option, &o->option_count))
    return false;
  if (napi_get_named_property(env, object, "flags", &flags) != napi_ok) return false;
  napi_typeof(env, flags, &type);
  if (type == napi_number) napi_get_value_int64(env, flags, &number);
  o->flags = (unsigned long)number;
  return true;
}

napi_value js_mountOverlay(napi_env env, napi_callback_info info) {
  struct args args;
  napi_valuetype type;
  if (!read_args(env, info, 1, &args)) return NULL;
  napi_typeof(env, args.value[0], &type);
  if (type != napi_object) return throw_type(env, "mountOverlay takes an object");
  struct overlay *o = calloc(1, sizeof *o);
  if (o == NULL) return throw_error(env, ENOMEM, "mount", NULL);
  if (read_overlay(env, args.value[0], o)) {
    mount_overlay(o);
    if (o->error != 0) throw_error2(env, o->error, o->syscall, "overlay", o->target);
  }
  free_list(o->lower, o->lower_count);
  free_list(o->option, o->option_count);
  free(o);
  return NULL;
}
