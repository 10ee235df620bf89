package io.narthex.service.plugins;

/** Who can do something about an error, so that it reaches the right person. */
public enum Blame {
  /** Whoever gave the order. */
  USER,
  /** Whoever writes the configuration files. */
  CONFIGURATION,
  /** The author of the plugin. */
  PLUGIN,
  /** Another system that is called over the network. */
  REMOTE,
  /** The server, its disk or its memory. */
  SERVER
}
