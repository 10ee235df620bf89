package io.narthex.http.access;

import io.narthex.service.config.AccessConfig.Role;
import jakarta.servlet.http.HttpServletRequest;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param name of a user or token, for the audit log
 * @param role null for a user whom {@code access.users} does not name
 * @param strict whether such a user may do nothing, instead of everything that the originals allow
 */
public record Identity(String name, @Nullable Role role, boolean strict) {
  /** The attribute of requests that holds it. */
  static final String ATTRIBUTE = "io.narthex.identity";

  /** Returns who sends a request, or null. */
  public static @Nullable Identity of(HttpServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof Identity i ? i : null;
  }

  /** Returns whether it may do something. */
  public boolean may(Permission permission) {
    return permissions().contains(permission);
  }

  private Set<Permission> permissions() {
    Set<Permission> all = EnumSet.of(Permission.NONE);
    if (role == null) {
      if (!strict) {
        all.addAll(Set.of(Permission.READ, Permission.OWN, Permission.OPERATE, Permission.SERVER));
      }
      return all;
    }
    all.add(Permission.READ);
    all.add(Permission.OWN);
    switch (role) {
      case VIEWER -> {}
      case OPERATOR -> all.add(Permission.OPERATE);
      case PLUGIN_ADMIN -> all.add(Permission.PLUGINS);
      case ADMIN -> all.addAll(EnumSet.allOf(Permission.class));
    }
    return all;
  }

  /** Returns the role as it is written in files; empty without one. */
  public String roleName() {
    return role == null ? "" : role.name().toLowerCase(Locale.ROOT);
  }

  /** Returns why it may not do something. */
  public String refusal(Permission permission) {
    return "\""
        + name
        + "\" has "
        + (role == null ? "no role" : "the role " + roleName())
        + ", this needs "
        + permission.leastRole()
        + (role == null ? "; give the user a role in access.users of narthex.yml" : "");
  }
}
