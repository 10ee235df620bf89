package io.acme.trap;

/** A component that fails in its activation as the system property {@code trap} says. */
public final class Trap {
  /** Fails, or does not. */
  public Trap() {
    switch (System.getProperty("trap", "")) {
      case "throw" -> throw new IllegalStateException("the trap is shut");
      case "halt" -> Runtime.getRuntime().halt(3);
      case "hang" -> java.util.concurrent.locks.LockSupport.park();
      default -> {}
    }
  }
}
