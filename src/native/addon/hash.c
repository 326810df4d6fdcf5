/*
 * SHA-256 that can be put down and taken up again: what is known of a download that broke off. The one inside Node, by the interface
 * that shows its state.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "addon.h"
#include "of_node.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static void free_hash(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

/* From a state that `hashState` gave, or anew where it is empty. */
napi_value js_openHash(napi_env env, napi_callback_info info) {
  struct args args;
  void *state = NULL;
  size_t size = 0;
  napi_value result;
  if (SHA256_Init == NULL) return throw_error(env, ENOSYS, "hash", NULL);
  if (!read_args(env, info, 1, &args) || !bytes_arg(&args, 0, &state, &size)) return NULL;
  SHA256_CTX *hash = malloc(sizeof *hash);
  if (hash == NULL) return throw_error(env, ENOMEM, "hash", NULL);
  SHA256_Init(hash);
  if (size == sizeof *hash) memcpy(hash, state, sizeof *hash);
  /* Both are lengths that the functions below trust. */
  if ((size != 0 && size != sizeof *hash) || hash->num >= SHA256_CBLOCK || hash->md_len != SHA256_DIGEST_LENGTH) {
    free(hash);
    return throw_error(env, EINVAL, "hash", NULL);
  }
  if (napi_create_external(env, hash, free_hash, NULL, &result) == napi_ok) return result;
  free(hash);
  return throw_error(env, ENOMEM, "hash", NULL);
}

static SHA256_CTX *hash_arg(napi_env env, const struct args *args) {
  void *hash = NULL;
  if (napi_get_value_external(env, args->value[0], &hash) == napi_ok) return hash;
  throw_type(env, "argument 1 must come from openHash");
  return NULL;
}

napi_value js_hashUpdate(napi_env env, napi_callback_info info) {
  struct args args;
  void *bytes = NULL;
  size_t size = 0;
  if (!read_args(env, info, 2, &args)) return NULL;
  SHA256_CTX *hash = hash_arg(env, &args);
  if (hash == NULL || !bytes_arg(&args, 1, &bytes, &size)) return NULL;
  SHA256_Update(hash, bytes, size);
  return NULL;
}

napi_value js_hashState(napi_env env, napi_callback_info info) {
  struct args args;
  napi_value result;
  if (!read_args(env, info, 1, &args)) return NULL;
  const SHA256_CTX *hash = hash_arg(env, &args);
  if (hash == NULL) return NULL;
  if (napi_create_buffer_copy(env, sizeof *hash, hash, NULL, &result) == napi_ok) return result;
  return throw_error(env, ENOMEM, "hash", NULL);
}

napi_value js_hashDigest(napi_env env, napi_callback_info info) {
  struct args args;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  napi_value result;
  if (!read_args(env, info, 1, &args)) return NULL;
  const SHA256_CTX *hash = hash_arg(env, &args);
  if (hash == NULL) return NULL;
  SHA256_CTX last = *hash;
  SHA256_Final(digest, &last);
  if (napi_create_buffer_copy(env, sizeof digest, digest, NULL, &result) == napi_ok) return result;
  return throw_error(env, ENOMEM, "hash", NULL);
}
