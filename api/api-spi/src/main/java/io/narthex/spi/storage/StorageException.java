package io.narthex.spi.storage;

/** Thrown when a storage cannot do what it is asked to. The message is for the operator. */
public sealed class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Creates one with message and cause. */
  protected StorageException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Creates one with a message. */
  protected StorageException(String message) {
    super(message);
  }

  /** Data on disk is corrupt; the message has file and offset. */
  public static final class Corrupt extends StorageException {
    private static final long serialVersionUID = 1;

    /** Creates one. */
    public Corrupt(String message) {
      super(message);
    }
  }

  /** Reading or writing failed, for example because the disk is full. */
  public static final class Failed extends StorageException {
    private static final long serialVersionUID = 1;

    /** Creates one. */
    public Failed(String message, Throwable cause) {
      super(message, cause);
    }

    /** Creates one. */
    public Failed(String message) {
      super(message);
    }
  }

  /** The folder cannot be used: foreign data, no permission, or another server uses it. */
  public static final class Unusable extends StorageException {
    private static final long serialVersionUID = 1;

    /** Creates one. */
    public Unusable(String message) {
      super(message);
    }
  }

  /** The storage is closed or being replaced. */
  public static final class Closed extends StorageException {
    private static final long serialVersionUID = 1;

    /** Creates one. */
    public Closed(String message) {
      super(message);
    }
  }
}
