import type { FlagRecord } from '../flag.ts';

/** The user namespace of a container and who is known in it. */
export const usernsFlags = {
  gidmap: {
    long: 'gidmap',
    type: 'stringSlice',
    placeholder: 'container-gid:from-gid[:amount]',
    help: 'Map group ids into a new user namespace; + before it lays it over the others, @ before from-gid names one of the machine',
  },
  groupEntry: {
    long: 'group-entry',
    type: 'string',
    placeholder: 'entry',
    help: 'The line for a group whom the image does not know, with $GROUPNAME and $GID',
  },
  hostuser: {
    long: 'hostuser',
    type: 'stringSlice',
    placeholder: 'user',
    help: 'A user of the host (name or number) who is known in the container',
  },
  passwdEntry: {
    long: 'passwd-entry',
    type: 'string',
    placeholder: 'entry',
    help: 'The line for a user whom the image does not know, with $USERNAME, $UID, $GID, $NAME and $HOME',
  },
  subgidname: {
    long: 'subgidname',
    type: 'string',
    placeholder: 'name',
    help: 'Map the group ids that /etc/subgid gives this name into a new user namespace',
  },
  subuidname: {
    long: 'subuidname',
    type: 'string',
    placeholder: 'name',
    help: 'Map the user ids that /etc/subuid gives this name into a new user namespace',
  },
  uidmap: {
    long: 'uidmap',
    type: 'stringSlice',
    placeholder: 'container-uid:from-uid[:amount]',
    help: 'Map user ids into a new user namespace; + before it lays it over the others, @ before from-uid names one of the machine',
  },
  userns: {
    long: 'userns',
    type: 'string',
    placeholder: 'mode',
    help: 'User namespace: host, keep-id, nomap, auto, private, container:ID or ns:PATH',
    complete: {
      host: [],
      'keep-id': [],
      'keep-id:': ['uid=', 'gid=', 'size='],
      nomap: [],
      auto: [],
      'auto:': ['size=', 'uidmapping=', 'gidmapping='],
      private: [],
      'container:': 'containers',
      'ns:': [],
    },
  },
} as const satisfies Record<string, FlagRecord>;
