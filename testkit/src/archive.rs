//! Tars of image layouts, and tars that nobody should read (POSIX.1-2024 pax, "ustar Interchange
//! Format"). Written by hand, because what writes only good ones writes no bad ones.

use std::{fs, io, path::Path};

const BLOCK: usize = 512;

/// A tar that is being written.
#[derive(Clone, Debug, Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    /// All files of a directory, in order, directories included.
    pub fn of(dir: &Path) -> io::Result<Self> {
        let mut tar = Self::default();
        tar.add(dir, "")?;
        Ok(tar)
    }

    fn add(&mut self, dir: &Path, prefix: &str) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.entry(&format!("{name}/"), b'5', b"");
                self.add(&entry.path(), &format!("{name}/"))?;
            } else {
                self.entry(&name, b'0', &fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    /// Adds an entry of any kind: `0` is a file, `5` a directory, `2` a link, `x` an extended header.
    pub fn entry(&mut self, name: &str, kind: u8, content: &[u8]) {
        let mut header = [0; BLOCK];
        put(&mut header, 0, name.as_bytes());
        put(&mut header, 100, b"0000644\0");
        put(&mut header, 124, format!("{:011o}\0", content.len()).as_bytes());
        put(&mut header, 136, b"00000000000\0");
        put(&mut header, 148, b"        ");
        put(&mut header, 156, &[kind]);
        put(&mut header, 257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut header, 148, format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend(header);
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
    }

    /// The bytes, with the end that a tar has.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend([0; 2 * BLOCK]);
        self.bytes
    }
}

fn put(header: &mut [u8; BLOCK], at: usize, text: &[u8]) {
    header.iter_mut().skip(at).zip(text).for_each(|(to, from)| *to = *from);
}
