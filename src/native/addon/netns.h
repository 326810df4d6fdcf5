/* Parts of making a namespace that is kept by a file. All return -1 and set errno. */
#ifndef TSPOD_NETNS_H
#define TSPOD_NETNS_H

int raise_loopback(void);
/* A new file to mount on; an existing one is EEXIST, so that nobody's namespace is hidden. */
int create_mount_point(const char *path);

#endif
