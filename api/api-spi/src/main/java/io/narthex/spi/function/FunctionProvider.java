package io.narthex.spi.function;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A set of PromQL functions: the service a plugin registers. Stateless and thread-safe: queries run
 * at the same time. A query that has begun finishes on the version it began with.
 */
@ConsumerType
public interface FunctionProvider {
  /** Returns the name of the set, for example {@code acme}: lower-case letters, digits and _. */
  String type();

  /**
   * Returns the functions, always the same ones. No name may be that of a built-in function or of a
   * function of another plugin.
   */
  List<PromqlFunction> functions();
}
