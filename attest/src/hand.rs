//! The hand that signs: a key, or whoever a certificate will name.
//!
//! It is opened before anything else is done, because a command that cannot end well does not begin:
//! the key is read, the trusted root is there, and a token can be had. A certificate lives for ten
//! minutes, so it is asked for when there is something to sign, and never before.

use evidence::{Bundle, IN_TOTO, Subject};
use registry::{Options, http::Sender};

use crate::{
    command::options,
    error::Error,
    family::Family,
    instance::{Instance, Purpose},
    question,
    report::{By, Key},
    request::{self, Access, Delivery, Signing},
    seal::{self, Confirmed, Expected, Sealed, Vouchers},
    sign::{
        KeyReference, Signer, VariableOrTerminal,
        keyless::{Identity, IdentityToken, Keyless, Source},
    },
    statement::Prepared,
    usage::UsageError,
    world::{Terminal, World},
};

/// The variable that names the key where no option does.
pub(crate) const KEY: &str = "ATTEST_KEY";

/// Who signs, and who vouches for it.
pub(crate) struct Hand<'w> {
    world: &'w World,
    options: Options,
    who: Who,
    vouchers: Vouchers,
    /// Whether the question before an entry for everybody to see was answered.
    agreed: bool,
}

/// Who signs.
enum Who {
    Key {
        signer: Box<Signer>,
        reference: KeyReference,
    },
    Keyless {
        keyless: Box<Keyless>,
        /// The token that was got beforehand; a person who logs in has none yet.
        token: Option<IdentityToken>,
    },
}

/// By what a command signs.
pub(crate) enum Chosen {
    /// By this key.
    Key(KeyReference),
    /// By a certificate for whom the token from there is about.
    Keyless(Source),
}

impl Chosen {
    /// What was asked for: by an option, else by the variable that names a key, else what the
    /// surroundings offer.
    pub(crate) fn of(world: &World, option: Option<&request::By>) -> Result<Option<Self>, Error> {
        match option {
            Some(request::By::Key(reference)) => return Ok(Some(Self::Key(reference.clone()))),
            Some(request::By::Login) => return Ok(Some(Self::Keyless(Source::Login))),
            Some(request::By::Token(reference)) => {
                return Ok(Some(Self::Keyless(Source::Named(reference.clone()))));
            }
            None => {}
        }
        let key = key(world, None)?.map(Self::Key);
        Ok(key.or_else(|| Source::ambient(world).map(Self::Keyless)))
    }
}

/// The key that is named: by the option, else by the variable.
pub(crate) fn key(
    world: &World,
    option: Option<KeyReference>,
) -> Result<Option<KeyReference>, Error> {
    if option.is_some() {
        return Ok(option);
    }
    let named = world.variable(KEY).filter(|text| !text.is_empty());
    let key = named.map(|text| text.parse()).transpose();
    key.map_err(|error| UsageError::KeyReference(error).into())
}

impl<'w> Hand<'w> {
    /// Opens what was chosen; `None` for a dry run, which needs nothing.
    pub(crate) async fn open(
        world: &'w World,
        signing: &Signing,
        access: &Access,
    ) -> Result<Option<Self>, Error> {
        if signing.delivery == Delivery::DryRun {
            return Ok(None);
        }
        let chosen = Chosen::of(world, signing.by.as_ref())?.ok_or(UsageError::NoSigner)?;
        let options = options(world, access);
        let purpose = match &chosen {
            Chosen::Key(_) => Purpose::Key,
            Chosen::Keyless(_) => Purpose::Keyless,
        };
        // A key that cannot be opened is said before anybody is asked over the network.
        let opened = match chosen {
            Chosen::Key(reference) => Ok((signer(world, &reference)?, reference)),
            Chosen::Keyless(source) => Err(source),
        };
        let Instance { authority, login, vouchers } =
            Instance::read(world, &signing.instance, purpose, &options).await?;
        let who = match (opened, authority) {
            (Ok((signer, reference)), _) => {
                taken(&signer, &vouchers)?;
                if let Some(warning) = signer.warning() {
                    world.say(&format!("warning: {warning}"));
                }
                Who::Key { signer: Box::new(signer), reference }
            }
            (Err(source), Some(authority)) => {
                let keyless = Box::new(Keyless { source, authority, login });
                Who::Keyless { token: known(world, &keyless, &options).await?, keyless }
            }
            (Err(_), None) => return Err(UsageError::NoSigner.into()),
        };
        let hand = Self { world, options, who, vouchers, agreed: signing.yes };
        if hand.asks() && world.terminal == Terminal::Absent {
            return Err(UsageError::Unanswered.into());
        }
        Ok(Some(hand))
    }

    /// Whether a bundle about these subjects is this hand's own: by its key, or by the identity that a
    /// certificate will name.
    pub(crate) fn made(&self, bundle: &Bundle, bytes: &[u8], about: &[Subject]) -> bool {
        match &self.who {
            Who::Key { signer, .. } => signer.verify_own(bundle).is_ok(),
            Who::Keyless { token, .. } => {
                let claims = token.as_ref().map(IdentityToken::claims);
                let foretold = claims.and_then(Identity::foretold);
                let is_logged = !bundle.log_entries.is_empty();
                let confirmed = self.vouchers.root.as_ref().and_then(|root| {
                    root.confirm(bytes, about, Expected::Certified, is_logged).ok()
                });
                let own = foretold.map(|who| (who.issuer, who.name));
                own.is_some() && confirmed.is_some_and(|confirmed| confirmed.identity == own)
            }
        }
    }

    /// Who signs, in words; before signing, so of an identity only what the token says.
    pub(crate) fn name(&self) -> String {
        match &self.who {
            Who::Key { signer, .. } => format!("key {}", signer.public().id().short()),
            Who::Keyless { token: None, .. } => "whoever logs in".to_owned(),
            Who::Keyless { token: Some(token), .. } => match Identity::foretold(token.claims()) {
                Some(identity) => evidence::text::escape_short(&identity.name, 300),
                None => token.claims().to_string(),
            },
        }
    }

    /// Who signed, as reports name them.
    pub(crate) fn signed(&self, confirmed: &Confirmed) -> Option<By> {
        match &self.who {
            Who::Key { signer, reference } => Some(By::Key(shown(signer, reference))),
            Who::Keyless { .. } => {
                let (issuer, name) = confirmed.identity.clone()?;
                Some(By::Identity { issuer, name })
            }
        }
    }

    /// Signs and seals a statement about `image`.
    pub(crate) async fn sign(&self, prepared: &Prepared, image: &Family) -> Result<Sealed, Error> {
        let certified;
        let (signer, sender) = match &self.who {
            Who::Key { signer, .. } => (&**signer, self.sender()),
            Who::Keyless { keyless, token } => {
                self.ask()?;
                let fresh;
                let token = match token {
                    Some(token) if token.lasts(self.world.now()) => token,
                    _ => {
                        fresh = keyless.token(self.world, &self.sender()).await?;
                        &fresh
                    }
                };
                // No service is to blame for the time that a person took.
                let sender = self.sender();
                certified = keyless.certify(&sender, token).await?;
                (&certified, sender)
            }
        };
        let signed = signer.sign(IN_TOTO, &prepared.payload)?;
        Ok(seal::seal(signed, signer, image, &self.vouchers, &sender).await?)
    }

    /// Takes a bundle that this hand made before.
    pub(crate) fn found(&self, bytes: Vec<u8>, image: &Family) -> Result<Sealed, Error> {
        let expected = match &self.who {
            Who::Key { signer, .. } => Expected::Key(signer.public()),
            Who::Keyless { .. } => Expected::Certified,
        };
        Ok(seal::found(bytes, image, expected, &self.vouchers)?)
    }

    fn sender(&self) -> Sender {
        Sender::open(&self.options)
    }

    /// Whether a person is to be asked: what a log takes it shows for ever.
    fn asks(&self) -> bool {
        let is_person = match &self.who {
            Who::Key { .. } => false,
            Who::Keyless { token: None, .. } => true,
            Who::Keyless { token: Some(token), .. } => token.claims().mail().is_some(),
        };
        is_person && !self.agreed && !self.vouchers.logs.is_empty()
    }

    fn ask(&self) -> Result<(), Error> {
        if !self.asks() {
            return Ok(());
        }
        let who = match &self.who {
            Who::Keyless { token: Some(token), .. } => token.claims().to_string(),
            _ => "the mail address that you log in with".to_owned(),
        };
        for log in &self.vouchers.logs {
            self.world.say(&format!("Everybody who reads {} will see for ever who", log.service()));
            self.world.say(&format!("signed this: {who}"));
        }
        question::ask(self.world, "Sign?")
    }
}

/// Opens a key.
pub(crate) fn signer(world: &World, reference: &KeyReference) -> Result<Signer, Error> {
    let lookup = |name: &str| world.variable(name);
    let mut passphrase = VariableOrTerminal::new(&lookup);
    Ok(Signer::open(reference, &lookup, &mut passphrase)?)
}

/// A key, as reports name it.
pub(crate) fn shown(signer: &Signer, reference: &KeyReference) -> Key {
    let public = signer.public();
    Key {
        id: public.id().clone(),
        algorithm: public.algorithm().name(),
        reference: reference.to_string(),
    }
}

/// Refuses a key whose signatures a log does not take.
fn taken(signer: &Signer, vouchers: &Vouchers) -> Result<(), UsageError> {
    let algorithm = signer.public().algorithm();
    let is_taken = vouchers.logs.iter().all(|log| log.takes(algorithm));
    let is_readable = vouchers.root.is_none() || algorithm.is_read_by_sigstore();
    if is_taken && is_readable { Ok(()) } else { Err(UsageError::KeyNotTaken { algorithm }) }
}

/// A token, where one can be had without a person.
async fn known(
    world: &World,
    keyless: &Keyless,
    options: &Options,
) -> Result<Option<IdentityToken>, Error> {
    if matches!(keyless.source, Source::Login) {
        if world.terminal == Terminal::Absent {
            return Err(crate::sign::SourceError::from(crate::sign::LoginError::Nobody).into());
        }
        return Ok(None);
    }
    Ok(Some(keyless.token(world, &Sender::open(options)).await?))
}
