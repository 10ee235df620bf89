package io.narthex.http.access;

/** A permission that a request needs. */
public enum Permission {
  /** None: health, and the files of the login page. */
  NONE("nobody"),
  /** To read. */
  READ("viewer"),
  /** To change what belongs to the sender alone. */
  OWN("viewer"),
  /** To silence, send alerts and samples, upload dashboards, reload. */
  OPERATE("operator"),
  /** To change plugins. */
  PLUGINS("plugin_admin"),
  /** To end the server, delete samples, and everything that has no other permission. */
  SERVER("admin"),
  /** To see and change tokens. */
  TOKENS("admin");

  private final String leastRole;

  Permission(String leastRole) {
    this.leastRole = leastRole;
  }

  /** Returns the smallest role that has it, as it is written in files. */
  public String leastRole() {
    return leastRole;
  }
}
