package io.narthex.core.plugin.leaks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.hooks.weaving.WeavingHook;
import org.osgi.framework.launch.Framework;

class ClassLocksTest {
  private static final String CLASS = "acme.Acme";

  @TempDir Path folder;

  private static byte[] jar() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("META-INF/MANIFEST.MF"));
      zip.write(
          "Manifest-Version: 1.0\nBundle-ManifestVersion: 2\nBundle-SymbolicName: acme\n"
              .getBytes(StandardCharsets.UTF_8));
      zip.putNextEntry(new ZipEntry(CLASS.replace('.', '/') + ".class"));
      zip.write(ClassFile.of().build(ClassDesc.of(CLASS), b -> {}));
    }
    return bytes.toByteArray();
  }

  /**
   * Has two threads load the same class: the second one has looked for it in vain and then stands
   * still while the first one loads it.
   */
  private static WeakReference<Thread> second(Framework felix, Bundle bundle) throws Exception {
    CountDownLatch hasLooked = new CountDownLatch(1);
    CountDownLatch isLoaded = new CountDownLatch(1);
    Thread second =
        Thread.ofPlatform()
            .unstarted(() -> {
              try {
                bundle.loadClass(CLASS);
              } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
              }
            });
    WeavingHook standstill =
        woven -> {
          if (Thread.currentThread() == second) {
            hasLooked.countDown();
            try {
              assertThat(isLoaded.await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        };
    var hook = felix.getBundleContext().registerService(WeavingHook.class, standstill, null);
    second.start();
    assertThat(hasLooked.await(10, TimeUnit.SECONDS)).isTrue();
    bundle.loadClass(CLASS);
    isLoaded.countDown();
    second.join();
    hook.unregister();
    return new WeakReference<>(second);
  }

  private static boolean isHeld(WeakReference<Thread> thread) {
    System.gc();
    return !thread.refersTo(null);
  }

  @Test
  void threadsThatHaveEndedAreLetGo() throws Exception {
    Framework felix =
        new FrameworkFactory()
            .newFramework(Map.of("org.osgi.framework.storage", folder.resolve("f").toString()));
    felix.start();
    try {
      Bundle bundle =
          felix.getBundleContext().installBundle("acme", new ByteArrayInputStream(jar()));
      bundle.start();
      WeakReference<Thread> thread = second(felix, bundle);
      assertThat(isHeld(thread)).as("what this is about is still so in Felix").isTrue();

      new ClassLocks(felix.getBundleContext()).release();

      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (isHeld(thread) && System.nanoTime() - deadline < 0) {
        Thread.onSpinWait(); // the JVM itself may look at a thread that has just ended
      }
      assertThat(isHeld(thread)).isFalse();
      assertThat(bundle.loadClass(CLASS).getName()).isEqualTo(CLASS);
    } finally {
      felix.stop();
      felix.waitForStop(10_000);
    }
  }
}
