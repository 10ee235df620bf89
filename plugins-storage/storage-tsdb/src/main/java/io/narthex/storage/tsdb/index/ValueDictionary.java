package io.narthex.storage.tsdb.index;

import io.narthex.model.Labels;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Interruption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.function.IntConsumer;
import org.apache.lucene.store.ByteArrayDataInput;
import org.apache.lucene.store.DataOutput;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.IntsRefBuilder;
import org.apache.lucene.util.automaton.ByteRunAutomaton;
import org.apache.lucene.util.fst.FST;
import org.apache.lucene.util.fst.FSTCompiler;
import org.apache.lucene.util.fst.FSTReader;
import org.apache.lucene.util.fst.PositiveIntOutputs;
import org.apache.lucene.util.fst.Util;
import org.jspecify.annotations.Nullable;

/**
 * The values of one label name in a block, in order. From {@link #MIN_TRANSDUCER} values on there
 * is a finite state transducer from value to place, which regular expressions are intersected with
 * instead of being tried value by value; below that a search in the table of values does.
 *
 * <p>Thread-safe.
 */
public final class ValueDictionary {
  static final int MIN_TRANSDUCER = 64;

  /** The table of values of a block; its text says which block. */
  public interface Values {
    /** Compares the value of a pair with UTF-8 bytes, byte by byte. */
    int compareValue(int pair, byte[] utf8);

    /** Returns the value of a pair. */
    String value(int pair);
  }

  private final Values values;
  private final int first;
  private final int count;
  private final @Nullable FST<Long> transducer;

  public ValueDictionary(
      Values values, int first, int count, MemorySegment transducers, long offset, long length) {
    this.values = values;
    this.first = first;
    this.count = count;
    transducer = length == 0 ? null : open(transducers.asSlice(offset, length));
  }

  /** Writes the transducer of sorted values, or nothing when there are few. */
  public static void write(List<String> sorted, ByteSink out) throws IOException {
    if (sorted.size() < MIN_TRANSDUCER) {
      return;
    }
    FSTCompiler<Long> compiler =
        new FSTCompiler.Builder<>(FST.INPUT_TYPE.BYTE1, PositiveIntOutputs.getSingleton()).build();
    IntsRefBuilder scratch = new IntsRefBuilder();
    for (int i = 0; i < sorted.size(); i++) {
      BytesRef utf8 = new BytesRef(sorted.get(i).getBytes(StandardCharsets.UTF_8));
      compiler.add(Util.toIntsRef(utf8, scratch), (long) i);
    }
    FST<Long> fst = FST.fromFSTReader(compiler.compile(), compiler.getFSTReader());
    ByteSink head = new ByteSink(256);
    ByteSink body = new ByteSink(1 << 12);
    fst.save(new SinkOutput(head), new SinkOutput(body));
    out.varint(head.size);
    out.bytes(head.data, 0, head.size);
    out.bytes(body.data, 0, body.size);
  }

  private static final class SinkOutput extends DataOutput {
    private final ByteSink sink;

    SinkOutput(ByteSink sink) {
      this.sink = sink;
    }

    @Override
    public void writeByte(byte b) {
      sink.u8(b);
    }

    @Override
    public void writeBytes(byte[] b, int offset, int length) {
      sink.bytes(b, offset, length);
    }
  }

  private static FST<Long> open(MemorySegment bytes) {
    int most = (int) Math.min(bytes.byteSize(), 4096);
    byte[] start = bytes.asSlice(0, most).toArray(ValueLayout.JAVA_BYTE);
    ByteSource in = new ByteSource(start, 0, most);
    int headLength = in.count(most);
    try {
      ByteArrayDataInput head = new ByteArrayDataInput(start, in.position, headLength);
      FST.FSTMetadata<Long> metadata = FST.readMetadata(head, PositiveIntOutputs.getSingleton());
      return FST.fromFSTReader(metadata, new Mapped(bytes.asSlice(in.position + headLength)));
    } catch (IOException | RuntimeException e) {
      throw new ByteSource.Malformed("transducer: " + e);
    }
  }

  /** Lets a transducer read from the mapped file. */
  private static final class Mapped implements FSTReader {
    private final MemorySegment bytes;

    Mapped(MemorySegment bytes) {
      this.bytes = bytes;
    }

    @Override
    public FST.BytesReader getReverseBytesReader() {
      return new Backward(bytes);
    }

    @Override
    public void writeTo(DataOutput out) throws IOException {
      byte[] all = bytes.toArray(ValueLayout.JAVA_BYTE);
      out.writeBytes(all, 0, all.length);
    }

    @Override
    public long ramBytesUsed() {
      return 0;
    }
  }

  /** Reads towards the beginning, as transducers are laid out. */
  private static final class Backward extends FST.BytesReader {
    private final MemorySegment bytes;
    private long position;

    Backward(MemorySegment bytes) {
      this.bytes = bytes;
    }

    @Override
    public byte readByte() {
      return bytes.get(ValueLayout.JAVA_BYTE, position--);
    }

    @Override
    public void readBytes(byte[] b, int offset, int length) {
      for (int i = 0; i < length; i++) {
        b[offset + i] = readByte();
      }
    }

    @Override
    public void skipBytes(long n) {
      position -= n;
    }

    @Override
    public long getPosition() {
      return position;
    }

    @Override
    public void setPosition(long to) {
      position = to;
    }
  }

  /** Returns the pair of a value, or -1. */
  public int find(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    if (transducer != null) {
      try {
        Long at = Util.get(transducer, new BytesRef(utf8));
        return at == null ? -1 : first + at.intValue();
      } catch (IOException e) {
        throw new StorageException.Failed(values + ": " + e, e);
      }
    }
    int at = firstNotBefore(utf8);
    return at < first + count && values.compareValue(at, utf8) == 0 ? at : -1;
  }

  private int firstNotBefore(byte[] utf8) {
    int low = first;
    int high = first + count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (values.compareValue(middle, utf8) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Calls the action with the pair of each value that passes, in order. */
  public void forEach(ValueTest test, IntConsumer action) {
    if (test.literals() != null) {
      for (String literal : test.literals()) {
        int pair = find(literal);
        if (pair >= 0) {
          action.accept(pair);
        }
      }
      return;
    }
    if (transducer != null) {
      ByteRunAutomaton automaton = test.bytes();
      if (automaton != null) {
        BitSet matching = intersect(transducer, automaton);
        for (int i = 0; i < count; i++) {
          if (matching.get(i) != test.isNegated()) {
            action.accept(first + i);
          }
        }
        return;
      }
    }
    String prefix = test.prefix();
    int from = prefix.isEmpty() ? first : firstNotBefore(prefix.getBytes(StandardCharsets.UTF_8));
    Interruption interruption = new Interruption("search for values in " + values);
    for (int pair = from; pair < first + count; pair++) {
      interruption.step();
      String value = values.value(pair);
      if (!value.startsWith(prefix)) {
        if (Labels.compareCodePoints(value, prefix) > 0) {
          return;
        }
        continue;
      }
      if (test.passes(value)) {
        action.accept(pair);
      }
    }
  }

  /** Returns how many values there are. */
  public int size() {
    return count;
  }

  /** Returns whether a pair is one of this name. */
  public boolean contains(int pair) {
    return pair >= first && pair < first + count;
  }

  /** A place in the transducer together with the state of the automaton and the output so far. */
  private record Step(FST.Arc<Long> arc, int state, long output) {}

  /** Walks transducer and automaton together; only what both can do is visited. */
  private BitSet intersect(FST<Long> fst, ByteRunAutomaton automaton) {
    BitSet found = new BitSet(count);
    FST.BytesReader reader = fst.getBytesReader();
    Deque<Step> open = new ArrayDeque<>();
    open.push(new Step(fst.getFirstArc(new FST.Arc<>()), 0, 0));
    try {
      while (!open.isEmpty()) {
        Step step = open.pop();
        if (!step.arc().isFinal() && !FST.targetHasArcs(step.arc())) {
          continue;
        }
        FST.Arc<Long> arc = fst.readFirstTargetArc(step.arc(), new FST.Arc<>(), reader);
        while (true) {
          if (arc.label() == FST.END_LABEL) {
            if (automaton.isAccept(step.state())) {
              found.set((int) (step.output() + arc.output()));
            }
          } else {
            int state = automaton.step(step.state(), arc.label());
            if (state >= 0) {
              long output = step.output() + arc.output();
              open.push(new Step(new FST.Arc<Long>().copyFrom(arc), state, output));
            }
          }
          if (arc.isLast()) {
            break;
          }
          fst.readNextArc(arc, reader);
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(values + ": " + e, e);
    }
    return found;
  }
}
