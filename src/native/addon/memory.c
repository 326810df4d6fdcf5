/* What C code has freed and malloc keeps for later. */
#include "addon.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void share_free_memory(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}

napi_value js_releaseFreeMemory(napi_env env, napi_callback_info info) {
  (void)info;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return void_result(env, 0, "malloc_trim", NULL);
}
