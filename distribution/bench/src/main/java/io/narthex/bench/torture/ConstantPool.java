package io.narthex.bench.torture;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/** Changes a text in the constants of a class file. */
final class ConstantPool {
  private ConstantPool() {}

  /**
   * Returns a class with another text in place of one of its constants.
   *
   * @throws IOException when the class has no such constant
   */
  static byte[] replace(byte[] file, String text, String by) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(file));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(file.length + by.length());
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(in.readLong()); // magic number and versions
    int count = in.readUnsignedShort();
    out.writeShort(count);
    boolean found = false;
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      out.writeByte(tag);
      switch (tag) {
        case 1 -> {
          String constant = in.readUTF();
          found |= constant.equals(text);
          out.writeUTF(constant.equals(text) ? by : constant);
        }
        case 5, 6 -> {
          out.write(in.readNBytes(8));
          i++; // they take two places
        }
        case 7, 8, 16, 19, 20 -> out.write(in.readNBytes(2));
        case 15 -> out.write(in.readNBytes(3));
        case 3, 4, 9, 10, 11, 12, 17, 18 -> out.write(in.readNBytes(4));
        default -> throw new IOException("constant " + i + " is of an unknown kind, " + tag);
      }
    }
    if (!found) {
      throw new IOException("no constant \"" + text + "\"");
    }
    in.transferTo(out);
    return bytes.toByteArray();
  }
}
