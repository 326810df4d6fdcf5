/* Mounts that show other owners than the disk has: for bind mounts, and below an overlay. */
#ifndef TSPOD_IDMAP_H
#define TSPOD_IDMAP_H

#include "addon.h"

/* All return -1 and set errno. A tree is a descriptor of a mount that is attached nowhere yet; closing it gives it up. */
int clone_mount(const char *source);
/* What is mounted beneath `source` is left out. */
int clone_idmapped(const char *source, int userns);
int attach_mount(int tree, const char *target);

/* --- userns.c --- */
/* A descriptor of a new user namespace with these maps; on failure `call` tells the step. */
int open_userns(const char *uids, const char *gids, const char **call);

#endif
