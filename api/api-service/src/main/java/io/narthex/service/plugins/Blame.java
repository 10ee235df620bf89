package io.narthex.service.plugins;

/** Who can fix an error. */
public enum Blame {
  /** The user who made the request. */
  USER,
  /** The author of the configuration files. */
  CONFIGURATION,
  /** The author of the plugin. */
  PLUGIN,
  /** Another system called over the network. */
  REMOTE,
  /** The server, its disk or its memory. */
  SERVER
}
