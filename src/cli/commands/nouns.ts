/** What the first words of two-word commands stand for, in help. */
export const nouns: Readonly<Record<string, string>> = {
  builder: 'Build images, as docker spells it',
  buildx: 'Build images, as docker spells it',
  container: 'Manage containers',
  context: "Manage docker's contexts: names for where its client connects to",
  generate: 'Make files from containers',
  healthcheck: 'Check the health of containers',
  image: 'Manage images',
  'image trust': 'Say which images are let in',
  manifest: 'Make and push lists of images for several platforms',
  network: 'Manage networks',
  pod: 'Manage pods',
  quadlet: 'Manage Quadlet files, from which systemd runs containers',
  secret: 'Manage secrets for containers',
  system: 'Manage tspod itself',
  volume: 'Manage volumes',
};
