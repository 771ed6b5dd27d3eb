//! An entry that a log has already, read from what the log publishes (C2SP, tlog-tiles).
//!
//! The answer to a first try can get lost; to the second a log of version 2 says only that it has the
//! entry, and under which number. The proof is made here from the log's own tiles, up to its newest
//! checkpoint; whether it holds is asked of the finished bundle, as of every other.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use registry::http::Sender;
use reqwest::StatusCode;
use sigstore_verify::types::{
    CanonicalizedBody, Checkpoint, KindVersion, LogIndex, Sha256Hash, TransparencyLogEntry,
    bundle::{CheckpointData, InclusionProof, LogId},
};

use super::own::TrustedRoot;
use crate::service::{Question, Service, ServiceError};

/// Leaves of a bundle of entries, and hashes of a tile (tlog-tiles, "Merkle Tree").
const WIDTH: u64 = 256;

/// Levels of the tree that one tile stands for.
const HEIGHT: u32 = 8;

/// Bytes of a bundle of entries: two for the length of each, and as many as those can count.
const ENTRIES: u64 = WIDTH * (2 + 65_535);

/// A node: the root of `2^level` leaves, the `index`th of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    level: u32,
    index: u64,
}

impl Node {
    /// The level and the index of the tile that it is in, or is the root of a part of.
    fn tile(self) -> (u32, u64) {
        (self.level / HEIGHT, (self.index << (self.level % HEIGHT)) / WIDTH)
    }

    /// Its hash, from that tile.
    fn hash(self, tile: &[u8]) -> Option<[u8; 32]> {
        let above = self.level % HEIGHT;
        let first = usize::try_from((self.index << above) % WIDTH).ok()?;
        let hashes = tile.as_chunks::<32>().0.iter();
        let mut row: Vec<[u8; 32]> = hashes.skip(first).take(1 << above).copied().collect();
        if row.len() != 1 << above {
            return None;
        }
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| parent(left, right)).collect();
        }
        row.first().copied()
    }
}

/// What a log publishes.
pub(super) struct Published<'a> {
    log: &'a Service,
    sender: &'a Sender,
    tiles: BTreeMap<(u32, u64), Vec<u8>>,
}

impl<'a> Published<'a> {
    pub(super) fn new(log: &'a Service, sender: &'a Sender) -> Self {
        Self { log, sender, tiles: BTreeMap::new() }
    }

    /// The entry of this number.
    pub(super) async fn entry(
        &mut self,
        index: u64,
        root: &TrustedRoot,
    ) -> Result<TransparencyLogEntry, ServiceError> {
        let note = self.get("/api/v2/checkpoint", WIDTH * 64).await?;
        let note = String::from_utf8(note).map_err(|_| self.without_checkpoint())?;
        let checkpoint = Checkpoint::from_text(&note).map_err(|_| self.without_checkpoint())?;
        let size = checkpoint.tree_size();
        let key =
            root.log_of(&checkpoint).ok_or_else(|| self.log.malformed("a known signature"))?;
        let body = self.body(index, size).await?;
        let mut hashes = Vec::new();
        for nodes in proof(index, size) {
            hashes.push(self.root_of(&nodes, size).await?);
        }
        let number = LogIndex::new(index).map_err(|_| self.log.malformed("an index"))?;
        let note = CheckpointData::new(note).map_err(|_| self.without_checkpoint())?;
        let proof = InclusionProof::new(number, *checkpoint.root_hash(), size, hashes, note);
        let (log, kind) = (LogId::new(key), KindVersion::HashedRekordV002);
        let entry = TransparencyLogEntry::new(number, log, kind, CanonicalizedBody::new(body));
        Ok(entry.with_inclusion_proof(proof))
    }

    /// The content of an entry: the one at its place in its bundle.
    async fn body(&self, index: u64, size: u64) -> Result<Vec<u8>, ServiceError> {
        let path = tile_path("entries", index / WIDTH, size);
        let bundle = self.get(&path, ENTRIES).await?;
        let mut rest = bundle.as_slice();
        let mut before = index % WIDTH;
        loop {
            let cut = rest.split_first_chunk::<2>().and_then(|(length, rest)| {
                rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
            });
            let (entry, behind) = cut.ok_or_else(|| self.log.malformed("the entry"))?;
            if before == 0 {
                return Ok(entry.to_vec());
            }
            (rest, before) = (behind, before - 1);
        }
    }

    /// The root of a range of leaves, given as the complete trees that it consists of, the largest and
    /// leftmost first (RFC 6962, 2.1).
    async fn root_of(&mut self, nodes: &[Node], size: u64) -> Result<Sha256Hash, ServiceError> {
        let mut root: Option<[u8; 32]> = None;
        for node in nodes.iter().rev() {
            let left = self.hash(*node, size).await?;
            root = Some(root.map_or(left, |right| parent(&left, &right)));
        }
        root.map(Sha256Hash::new).ok_or_else(|| self.log.malformed("a proof"))
    }

    /// The hash of a complete tree: a hash of a tile, or the root of several.
    async fn hash(&mut self, node: Node, size: u64) -> Result<[u8; 32], ServiceError> {
        let (level, index) = node.tile();
        if !self.tiles.contains_key(&(level, index)) {
            let hashes = size >> (level * HEIGHT);
            let path = tile_path(&level.to_string(), index, hashes);
            let tile = self.get(&path, WIDTH * 32).await?;
            self.tiles.insert((level, index), tile);
        }
        let tile = self.tiles.get(&(level, index)).map(Vec::as_slice).unwrap_or_default();
        node.hash(tile).ok_or_else(|| self.log.malformed("a hash of its tree"))
    }

    async fn get(&self, path: &str, most: u64) -> Result<Vec<u8>, ServiceError> {
        let get = |path| Question { most, accept: "*/*", ..Question::get(path) };
        let mut response = self.log.ask(self.sender, get(path), None).await?;
        // A part may be gone once the whole is there (tlog-tiles, "Partial Tiles").
        if let (StatusCode::NOT_FOUND, Some((whole, _))) = (response.status, path.split_once(".p/"))
        {
            response = self.log.ask(self.sender, get(whole), None).await?;
        }
        self.log.content(response)
    }

    fn without_checkpoint(&self) -> ServiceError {
        self.log.malformed("a checkpoint")
    }
}

/// The path of a tile, of which a row of `hashes` has as many as fit (tlog-tiles, "Parameters":
/// `x001/x234/067.p/5`).
fn tile_path(level: &str, index: u64, hashes: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    let width = hashes.saturating_sub(index.saturating_mul(WIDTH));
    let part = if width < WIDTH { format!(".p/{width}") } else { String::new() };
    format!("/api/v2/tile/{level}/{path}{part}")
}

/// The audit path of a leaf in a tree of this size, from the leaf up: each step the trees that the
/// other side consists of (RFC 6962, 2.1.1).
fn proof(index: u64, size: u64) -> Vec<Vec<Node>> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while to.saturating_sub(from) > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(nodes(middle, to));
            to = middle;
        } else {
            path.push(nodes(from, middle));
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The complete trees that a range of leaves consists of, the largest first.
fn nodes(mut from: u64, to: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while from < to {
        // Whole ranges of a power of two begin at a multiple of it, here as in the tree.
        let level = (to - from).ilog2();
        nodes.push(Node { level, index: from >> level });
        from += 1 << level;
    }
    nodes
}

/// The largest power of two below `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << size.saturating_sub(1).max(1).ilog2()
}

fn parent(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    hash.update(&[1]);
    hash.update(left);
    hash.update(right);
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        for (level, index, hashes, expected) in [
            ("0", 0, 5, "/api/v2/tile/0/000.p/5"),
            ("0", 0, 256, "/api/v2/tile/0/000"),
            ("1", 1, 300, "/api/v2/tile/1/001.p/44"),
            ("entries", 1_234_067, 1_234_067 * 256 + 1, "/api/v2/tile/entries/x001/x234/067.p/1"),
        ] {
            assert_eq!(tile_path(level, index, hashes), expected);
        }
    }

    /// A tree of three levels of tiles, each node from its tile as from the leaves.
    #[test]
    fn a_node_is_found_in_its_tile() {
        let leaves: Vec<[u8; 32]> = (0..66_000_u32)
            .map(|number| {
                let mut leaf = [0; 32];
                leaf[..4].copy_from_slice(&number.to_be_bytes());
                leaf
            })
            .collect();
        let mut rows = vec![leaves];
        while rows.last().unwrap().len() > 1 {
            let row = rows.last().unwrap().as_chunks::<2>().0.iter();
            rows.push(row.map(|[left, right]| parent(left, right)).collect());
        }
        for (level, index) in
            [(0, 0), (0, 65_999), (3, 17), (7, 514), (8, 0), (8, 256), (11, 3), (15, 1), (16, 0)]
        {
            let node = Node { level, index };
            let (tile_level, tile) = node.tile();
            let row = &rows[usize::try_from(tile_level * HEIGHT).unwrap()];
            let tile = row.chunks(256).nth(usize::try_from(tile).unwrap()).unwrap().concat();
            let expected = rows[usize::try_from(level).unwrap()][usize::try_from(index).unwrap()];
            assert_eq!(node.hash(&tile), Some(expected), "{node:?}");
            // A tile that is cut short gives no hash.
            assert_eq!(node.hash(&tile[..tile.len().min(31)]), None);
        }
    }

    /// RFC 6962, 2.1.3: the tree of seven leaves.
    #[test]
    fn audit_paths_are_those_of_the_example() {
        let path = |index| {
            proof(index, 7)
                .into_iter()
                .map(|nodes| nodes.iter().map(|node| (node.level, node.index)).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        // [b, h, l]: b is leaf 1, h leaves 2 and 3, l leaves 4 to 6.
        assert_eq!(path(0), [vec![(0, 1)], vec![(1, 1)], vec![(1, 2), (0, 6)]]);
        // [c, g, l]
        assert_eq!(path(3), [vec![(0, 2)], vec![(1, 0)], vec![(1, 2), (0, 6)]]);
        // [f, j, k]
        assert_eq!(path(4), [vec![(0, 5)], vec![(0, 6)], vec![(2, 0)]]);
        // [i, k]
        assert_eq!(path(6), [vec![(1, 2)], vec![(2, 0)]]);
        assert_eq!(proof(0, 1), Vec::<Vec<Node>>::new());
    }
}
