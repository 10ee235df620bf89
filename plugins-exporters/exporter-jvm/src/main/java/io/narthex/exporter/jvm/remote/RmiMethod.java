package io.narthex.exporter.jvm.remote;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A remote method as a call names it.
 *
 * @param operation number of the method, negative when the hash says which it is
 * @param hash of the method, or of the interface
 * @param returns whether there is a result
 */
record RmiMethod(int operation, long hash, boolean returns) {
  private static final String NAME = "Ljavax/management/ObjectName;";
  private static final String SUBJECT = "Ljavax/security/auth/Subject;";

  static final RmiMethod LOOKUP = new RmiMethod(2, 4905912898345647071L, true);
  static final RmiMethod NEW_CLIENT =
      of("newClient(Ljava/lang/Object;)Ljavax/management/remote/rmi/RMIConnection;");
  static final RmiMethod QUERY_NAMES =
      of("queryNames(" + NAME + "Ljava/rmi/MarshalledObject;" + SUBJECT + ")Ljava/util/Set;");
  static final RmiMethod MBEAN_INFO =
      of("getMBeanInfo(" + NAME + SUBJECT + ")Ljavax/management/MBeanInfo;");
  static final RmiMethod ATTRIBUTES =
      of(
          "getAttributes("
              + NAME
              + "[Ljava/lang/String;"
              + SUBJECT
              + ")Ljavax/management/AttributeList;");
  static final RmiMethod CLOSE = of("close()V");

  /**
   * Returns a method by name and descriptor. Its hash is that of section 8.3 of the RMI
   * specification: the first eight bytes of SHA-1, the last of them foremost.
   */
  static RmiMethod of(String signature) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      new DataOutputStream(bytes).writeUTF(signature);
      byte[] digest = MessageDigest.getInstance("SHA-1").digest(bytes.toByteArray());
      long hash = 0;
      for (int i = 7; i >= 0; i--) {
        hash = hash << 8 | digest[i] & 0xff;
      }
      return new RmiMethod(-1, hash, !signature.endsWith(")V"));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not from memory
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-1
    }
  }
}
