"""Made-up news in four languages, for the feeds of benchmarks/farm.py.

Everyday news about nobody in particular, and a few headlines about the Sahel, of which the
shipped rulebook makes stories. Same number, same words.
"""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "fr", "ru", "ar")


@dataclass(frozen=True, slots=True)
class Words:
    """What sentences of a language are made of: who does what, why and when."""

    who: tuple[str, ...]
    does: tuple[str, ...]
    why: tuple[str, ...]
    headline: tuple[str, ...]
    places: tuple[str, ...]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


WORDS = {
    "en": Words(
        _lines("""
            Residents of the old town
            Members of the city council
            Researchers at the institute
            Owners of small shops
            Parents of pupils
            Doctors of the regional clinic
            Engineers of the water works
            Volunteers of the library
            Growers in the valley
            Players of the home team
            Visitors of the book fair
            Drivers of the night buses"""),
        _lines("""
            discuss a plan for the new tram line
            present the results of a long survey
            ask for longer opening hours
            welcome the repair of the bridge
            expect a good harvest of apples
            warn of rising costs for heating
            celebrate the return of the festival
            want more trees along the avenue
            test a lamp that needs half the power
            doubt the figures of the last report
            prepare for a crowded summer season
            collect old photographs for an exhibition"""),
        _lines("""
            because the budget ends in autumn
            while the works go on for two more weeks
            after a vote that was closer than expected
            although many seats stay empty
            so that nobody has to wait until spring
            since the station was closed for repairs
            as the weather stays mild and dry
            before the next meeting decides on it"""),
        _lines("""
            {}: teachers begin strike over unpaid wages
            {}: gunmen ambush convoy, {} dead
            {}: floods destroy {} homes
            {}: gold mine collapses, {} missing
            {}: court tries former mayor for graft"""),
        _lines("""
            Gao, Mali
            Mopti, Mali
            Agadez, Niger
            Zinder, Niger
            Djibo, Burkina Faso
            Kaya, Burkina Faso"""),
    ),
    "fr": Words(
        _lines("""
            Les habitants du vieux quartier
            Les élus du conseil municipal
            Les chercheurs de l'institut
            Les commerçants de la grande rue
            Les parents d'élèves
            Les médecins de la clinique
            Les ingénieurs du service des eaux
            Les bénévoles de la bibliothèque
            Les maraîchers de la vallée
            Les joueurs de l'équipe locale
            Les visiteurs du salon du livre
            Les conducteurs des bus de nuit"""),
        _lines("""
            discutent du tracé de la nouvelle ligne de tramway
            présentent les résultats d'une longue enquête
            demandent des horaires plus étendus
            saluent la réparation du pont
            attendent une belle récolte de pommes
            s'inquiètent du prix du chauffage
            fêtent le retour du festival
            souhaitent davantage d'arbres sur l'avenue
            essaient une lampe deux fois plus sobre
            doutent des chiffres du dernier rapport
            préparent une saison d'été chargée
            rassemblent de vieilles photographies"""),
        _lines("""
            parce que le budget s'achève à l'automne
            alors que les travaux durent encore deux semaines
            après un vote plus serré que prévu
            bien que beaucoup de places restent vides
            afin que personne n'attende le printemps
            depuis que la gare est fermée
            car le temps reste doux et sec
            avant que la prochaine réunion n'en décide"""),
        _lines("""
            {} : les enseignants en grève pour leurs salaires
            {} : un convoi attaqué par des hommes armés, {} morts
            {} : les inondations détruisent {} maisons
            {} : une mine d'or s'effondre, {} disparus
            {} : un ancien maire jugé pour corruption"""),
        _lines("""
            Gao, Mali
            Mopti, Mali
            Agadez, Niger
            Zinder, Niger
            Djibo, Burkina Faso
            Kaya, Burkina Faso"""),
    ),
    "ru": Words(
        _lines("""
            Жители старого города
            Члены городского совета
            Учёные института
            Владельцы небольших магазинов
            Родители школьников
            Врачи областной клиники
            Инженеры водоканала
            Волонтёры библиотеки
            Садоводы долины
            Игроки местной команды
            Гости книжной ярмарки
            Водители ночных автобусов"""),
        _lines("""
            обсуждают план новой трамвайной линии
            представляют итоги долгого опроса
            просят продлить часы работы
            приветствуют ремонт моста
            ждут хорошего урожая яблок
            предупреждают о росте цен на отопление
            празднуют возвращение фестиваля
            хотят больше деревьев на проспекте
            испытывают лампу вдвое экономичнее прежней
            сомневаются в цифрах последнего отчёта
            готовятся к людному летнему сезону
            собирают старые фотографии для выставки"""),
        _lines("""
            потому что бюджет кончается осенью
            пока работы идут ещё две недели
            после голосования с неожиданным исходом
            хотя многие места остаются пустыми
            чтобы никому не ждать до весны
            с тех пор как вокзал закрыт на ремонт
            так как погода стоит мягкая и сухая
            прежде чем это решит следующее собрание"""),
        _lines("""
            {}: учителя начали забастовку из-за невыплаты зарплат
            {}: боевики напали на колонну, {} погибших
            {}: наводнение разрушило {} домов
            {}: обрушилась золотая шахта, {} пропали без вести
            {}: бывшего мэра судят за взятки"""),
        _lines("""
            Гао, Мали
            Мопти, Мали
            Агадес, Нигер
            Зиндер, Нигер
            Джибо, Буркина-Фасо
            Кая, Буркина-Фасо"""),
    ),
    "ar": Words(
        _lines("""
            سكان المدينة القديمة
            أعضاء المجلس البلدي
            باحثو المعهد
            أصحاب المتاجر الصغيرة
            أولياء أمور التلاميذ
            أطباء العيادة الإقليمية
            مهندسو محطة المياه
            متطوعو المكتبة
            مزارعو الوادي
            لاعبو الفريق المحلي
            زوار معرض الكتاب
            سائقو الحافلات الليلية"""),
        _lines("""
            يناقشون خطة خط الترام الجديد
            يعرضون نتائج استطلاع طويل
            يطلبون تمديد ساعات العمل
            يرحبون بإصلاح الجسر
            يتوقعون محصولا جيدا من التفاح
            يحذرون من ارتفاع تكاليف التدفئة
            يحتفلون بعودة المهرجان
            يريدون مزيدا من الأشجار على الشارع
            يختبرون مصباحا يستهلك نصف الطاقة
            يشككون في أرقام التقرير الأخير
            يستعدون لموسم صيفي مزدحم
            يجمعون صورا قديمة لمعرض جديد"""),
        _lines("""
            لأن الميزانية تنتهي في الخريف
            بينما تستمر الأشغال أسبوعين آخرين
            بعد تصويت متقارب لم يكن متوقعا
            رغم أن مقاعد كثيرة ما زالت فارغة
            حتى لا ينتظر أحد إلى الربيع
            منذ أن أغلقت المحطة للإصلاح
            لأن الطقس ما زال معتدلا وجافا
            قبل أن يقرر الاجتماع المقبل ذلك"""),
        _lines("""
            {}: المعلمون يبدأون إضرابا بسبب الأجور
            {}: مسلحون يهاجمون قافلة ومقتل {}
            {}: الفيضانات تدمر {} منزلا
            {}: انهيار منجم ذهب وفقدان {}
            {}: محاكمة رئيس البلدية السابق بتهمة الفساد"""),
        _lines("""
            غاو، مالي
            موبتي، مالي
            أغاديز، النيجر
            زيندر، النيجر
            جيبو، بوركينا فاسو
            كايا، بوركينا فاسو"""),
    ),
}


def sentence(language: str, number: int) -> str:
    """One of some thousand sentences, without its full stop."""
    words = WORDS[language]
    rest, who = divmod(number, len(words.who))
    rest, does = divmod(rest, len(words.does))
    why = rest % len(words.why)
    comma = "،" if language == "ar" else ","
    return f"{words.who[who]} {words.does[does]}{comma} {words.why[why]}"


def title(language: str, number: int) -> str:
    """An everyday headline."""
    words = WORDS[language]
    rest, who = divmod(number, len(words.who))
    return f"{words.who[who]} {words.does[rest % len(words.does)]} ({number % 9973})"


def sahel(language: str, number: int) -> str:
    """A headline about the Sahel."""
    words = WORDS[language]
    rest, place = divmod(number, len(words.places))
    rest, kind = divmod(rest, len(words.headline))
    return words.headline[kind].format(words.places[place], 3 + rest % 94)


def paragraph(language: str, number: int) -> str:
    """Three sentences of HTML, one of them a link."""
    first, second, third = (sentence(language, number * 37 + step * 101) for step in range(3))
    link = f'<a href="https://outlet.example/tag/{number}">{second}</a>'
    return f"<p>{first}. {link}. <em>{third}</em>.</p>\n"
